"""The native back end: C code generated from a program, compiled by the system's compiler, executed on all cores."""

from .generator import is_taken
from .model import NativeModel

__all__ = ["NativeModel", "is_taken"]
