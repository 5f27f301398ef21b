"""Execute runs one after another in a thread of this process."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any

from ...system.interrupt import StopRequest
from .base import Epoch, Event, Job, Reporter, Started, Workers
from .job import execute


class _Reporter(Reporter):
    def __init__(self, run: int, events: queue.SimpleQueue[Event]) -> None:
        self.stop = StopRequest()
        self._run, self._events = run, events

    def report_epoch(self, row: Mapping[str, Any]) -> None:
        self._events.put(Epoch(self._run, dict(row)))


class InProcess(Workers):
    """One worker, which uses all processors."""

    slots = 1
    description = "in this process"

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._reporters: dict[int, _Reporter] = {}
        # A daemon thread: a second Ctrl-C ends the program in the middle of a batch.
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._serve,), name="sweep worker", daemon=True
        )
        self._thread.start()

    def submit(self, job: Job) -> None:
        self._reporters[job.run] = _Reporter(job.run, self._events)
        self._jobs.put(job)

    def collect_events(self, timeout: float) -> list[Event]:
        return drain(self._events, timeout)

    def stop(self, run: int) -> None:
        if run in self._reporters:
            self._reporters[run].stop.requested = True

    def close(self) -> None:
        for run in list(self._reporters):
            self.stop(run)
        self._jobs.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._events.put(Started(job.run, f"process {os.getpid()}"))
            ended = execute(job, self._reporters[job.run])
            del self._reporters[job.run]
            self._events.put(ended)


def drain(events: queue.SimpleQueue[Event], timeout: float) -> list[Event]:
    """Return all events in a queue; if there are none, wait at most `timeout` s for the first."""
    found: list[Event] = []
    try:
        found.append(events.get(timeout=timeout))
        while True:
            found.append(events.get_nowait())
    except queue.Empty:
        return found
