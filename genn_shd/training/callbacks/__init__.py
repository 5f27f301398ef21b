"""Callbacks: what is done while a network trains, each a class in a file named after it; `Callback` to add your own."""

from .after_epoch import AfterEpoch
from .base import Callback, Status

__all__ = ["AfterEpoch", "Callback", "Status"]
