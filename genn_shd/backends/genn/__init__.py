"""The GeNN back end: programs are compiled by PyGeNN for GPUs, or for one thread of a processor."""

from .availability import choose_backend, resolve
from .model import GennModel
from .own_names import is_taken

__all__ = ["GennModel", "choose_backend", "is_taken", "resolve"]
