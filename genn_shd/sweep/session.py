"""The time that a sweep is at work, over all starts of its command."""

from __future__ import annotations

import time

from .state import State


class Session:
    """One start of the planner.

    Parameters
    ----------
    state : open; runs that an earlier session left under way wait again.
    workers : description of the workers.
    seconds_before : time at work of earlier sessions, s.
    """

    def __init__(self, state: State, workers: str, seconds_before: float) -> None:
        self._state, self._before = state, seconds_before
        self._started = time.monotonic()
        self._id = state.begin_session(workers)

    @property
    def total_seconds(self) -> float:
        """Time at work of all sessions, s."""
        return self._before + time.monotonic() - self._started

    def save(self) -> None:
        """Write the time at work into the state."""
        self._state.track_time(self._id, time.monotonic() - self._started)
