"""Threads that execute one function of a compiled library together."""

from __future__ import annotations

import _thread
import os
import weakref
from collections.abc import Callable
from queue import SimpleQueue

Calls = SimpleQueue[Callable[[], None] | None]


def count_available_threads() -> int:
    """Count the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ThreadTeam:
    """A fixed number of threads that call a function of a library together: the calling thread and helpers.

    Helpers are started when they are first needed.

    Parameters
    ----------
    size : number of threads; with one, everything runs in the calling thread.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._begin()

    def run(self, work: Callable[[], None]) -> None:
        """Call `work` in every thread, and wait for all of them.

        The calls write to memory of the caller, so all must start even if there is an interrupt, and all must end
        before this method returns: an interrupt is raised only then.

        Parameters
        ----------
        work : waits until as many threads as the team has have called it and are done. Further calls return at once,
            so after an interrupt, when it is unknown which calls have begun, all are repeated.
        """
        interrupt, is_done = None, False
        while not is_done:
            try:
                self._call_helpers(work)
                work()
                is_done = True
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt

    def _call_helpers(self, work: Callable[[], None]) -> None:
        # Neither call can be interrupted half-way, unlike `Thread.start` and executors, whose locks then stay taken. An
        # interrupt between starting a thread and counting it leaves one too many, which does no harm.
        while self._num_helpers < self.size - 1:
            _thread.start_new_thread(_serve, (self._calls,))
            self._num_helpers += 1
        for _ in range(self.size - 1):
            self._calls.put(work)

    def enter_fork(self) -> None:
        """Discard all threads: a forked process does not inherit them, and starts its own."""
        self._begin()

    def close(self) -> None:
        """End all threads, as soon as they have returned from the last call."""
        self._end()
        self._begin()

    def _begin(self) -> None:
        self._calls: Calls = SimpleQueue()
        self._num_helpers = 0
        self._end = weakref.finalize(self, self._calls.put, None)


def _serve(calls: Calls) -> None:
    """Make all calls that come; None ends this thread, and all others of the team after it."""
    while (work := calls.get()) is not None:
        work()
    calls.put(None)
