"""The GeNN back end: the same programs, compiled by PyGeNN for GPUs, or for one thread of a processor."""

from .availability import automatic, resolve
from .model import GennModel
from .own_names import is_taken

__all__ = ["GennModel", "automatic", "is_taken", "resolve"]
