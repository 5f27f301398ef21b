"""Settings: their declarations, reading them, messages about wrong ones, and help."""

from .._moved import hand_on
from .schema import Config

__all__ = ["Config"]

__getattr__ = hand_on("genn_shd.config.schema")
