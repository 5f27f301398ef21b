"""`--to c`: a library of C99 for devices."""

from .generator import MARK, WEIGHTS, CLibrary, check_name, generate

__all__ = ["MARK", "WEIGHTS", "CLibrary", "check_name", "generate"]
