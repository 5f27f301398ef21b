"""Callbacks of training, one class per module. Derive your own from `Callback`."""

from .after_epoch import AfterEpoch
from .base import Callback, Status

__all__ = ["AfterEpoch", "Callback", "Status"]
