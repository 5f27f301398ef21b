"""Settings: declarations, where they come from, messages about wrong ones, help."""

from .._moved import hand_on
from .schema import Config

__all__ = ["Config"]

__getattr__ = hand_on("genn_shd.config.schema")
