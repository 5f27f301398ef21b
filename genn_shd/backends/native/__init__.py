"""The embedded back end: C generated from a program, compiled by the system's compiler, run on all cores."""

from .generator import is_taken
from .model import NativeModel

__all__ = ["NativeModel", "is_taken"]
