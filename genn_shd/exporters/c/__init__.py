"""`--to c`: a library in C99 for embedded devices."""

from .generator import MARK, WEIGHTS, CLibrary, check_name, generate

__all__ = ["MARK", "WEIGHTS", "CLibrary", "check_name", "generate"]
