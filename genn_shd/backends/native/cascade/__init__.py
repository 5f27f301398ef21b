"""Cascades in native code: `CompiledCascade`."""

from .library import CompiledCascade

__all__ = ["CompiledCascade"]
