"""The GeNN back end: the same programs, compiled by PyGeNN for GPUs, or for one thread of a processor."""

from .availability import automatic, resolve
from .model import GennModel

__all__ = ["GennModel", "automatic", "resolve"]
