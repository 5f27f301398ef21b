"""`--to genn`: a script for PyGeNN that stands alone, with the numbers beside it."""

from .generator import GennScript, generate

__all__ = ["GennScript", "generate"]
