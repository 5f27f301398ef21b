"""Time spent on an epoch, without what callbacks take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Counts seconds from its making on, except while it is paused.

    Parameters
    ----------
    seconds : counted before, in an earlier process perhaps.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._started = time.perf_counter() - seconds

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._started

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Count nothing within the block."""
        before = time.perf_counter()
        try:
            yield
        finally:
            self._started += time.perf_counter() - before
