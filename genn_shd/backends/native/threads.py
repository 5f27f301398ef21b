"""Threads that execute one function of a compiled library together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


def count_available_threads() -> int:
    """Count the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ThreadTeam:
    """A fixed number of threads, started when they are first needed.

    Parameters
    ----------
    size : number of threads; with one, everything runs in the calling thread.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool: ThreadPoolExecutor | None = None

    def run(self, work: Callable[[int], None]) -> None:
        """Call `work` with every number below `size`, each in its own thread, and wait for all of them.

        The calls wait for each other, so all must start even if there is an interrupt. They write to memory of the
        caller, so all must end before this method returns. An interrupt is therefore raised only after all calls
        have ended.
        """
        if self.size == 1:
            work(0)
            return
        pool = self._pool = self._pool or ThreadPoolExecutor(self.size, "genn_shd")
        begun, outcome = threading.Lock(), Future[None]()

        def lead() -> None:
            if not begun.acquire(blocking=False):
                return
            try:
                others = [pool.submit(work, k) for k in range(1, self.size)]
                work(0)
                for other in others:
                    other.result()
                outcome.set_result(None)
            except BaseException as error:
                outcome.set_exception(error)

        _wait_for(outcome, lambda: pool.submit(lead))

    def enter_fork(self) -> None:
        """Discard all threads: a forked process does not inherit them, and starts its own."""
        self._pool = None

    def close(self) -> None:
        """End all threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _wait_for(outcome: Future[None], submit: Callable[[], object]) -> None:
    """Submit work that sets an outcome, and wait for it; an interrupt is raised only afterwards."""
    is_submitted, interrupt = False, None
    while not outcome.done():
        try:
            if not is_submitted:
                submit()  # again, as after an interrupt it is unknown whether it was submitted
                is_submitted = True
            outcome.exception()  # waits, and is faster than `wait`
        except KeyboardInterrupt as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt
    outcome.result()
