"""`--to genn`: a script for PyGeNN, and a file with its numbers."""

from .generator import GennScript, generate

__all__ = ["GennScript", "generate"]
