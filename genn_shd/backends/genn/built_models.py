"""Models of PyGeNN that were built and are not loaded now, for networks that are compiled again in this process.

PyGeNN generates the code of a model before it can load a library of it, up to a second in which nothing new is found
out. Parameters and initial values are no part of a blueprint, so a model that is loaded again is as good as a new one.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from ..names import Target
from .blueprint import Blueprint

MOST = 32
"""Models that are kept: each takes half a megabyte."""

_kept: deque[tuple[Blueprint, Target, Any]] = deque(maxlen=MOST)


def keep(blueprint: Blueprint, target: Target, model: Any) -> None:
    """Keep a model that was unloaded; the one that was kept longest goes."""
    _kept.append((blueprint, target, model))


def take(blueprint: Blueprint, target: Target) -> Any | None:
    """Return a kept model of a blueprint, which is kept no more; None where there is none."""
    for entry in reversed(_kept.copy()):
        if entry[:2] == (blueprint, target):
            try:
                _kept.remove(entry)
            except ValueError:  # another thread was faster
                continue
            return entry[2]
    return None
