"""The time that a sweep runs, over all starts of its command."""

from __future__ import annotations

import time

from .state import State


class Session:
    """One start of the planner, and its running time.

    Parameters
    ----------
    state : the open state; runs left active by an earlier session wait again.
    workers : description of the workers.
    seconds_before : running time of earlier sessions, s.
    """

    def __init__(self, state: State, workers: str, seconds_before: float) -> None:
        self._state, self._before = state, seconds_before
        self._started = time.monotonic()
        self._id = state.begin_session(workers)

    @property
    def total_seconds(self) -> float:
        """Total running time of all sessions, s."""
        return self._before + time.monotonic() - self._started

    def save(self) -> None:
        """Write the running time to the state."""
        self._state.track_time(self._id, time.monotonic() - self._started)
