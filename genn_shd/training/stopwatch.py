"""Measure time, with pauses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Measures the time since it was made, without pauses.

    Parameters
    ----------
    seconds : time to start from, s, for example from an earlier process.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._started = time.perf_counter() - seconds

    @property
    def seconds(self) -> float:
        """Time so far, s."""
        return time.perf_counter() - self._started

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Do not count the time of the block."""
        before = time.perf_counter()
        try:
            yield
        finally:
            self._started += time.perf_counter() - before
