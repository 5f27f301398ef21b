"""The embedded back end: C generated from a program, compiled by the system's compiler, run on all cores."""

from .model import NativeModel

__all__ = ["NativeModel"]
