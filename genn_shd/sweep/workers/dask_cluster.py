"""Execute runs on a Dask cluster (`--scheduler ADDRESS`). Its workers need access to the disk of the sweep's folder.

Dask gives the run of a dead worker to another one; a second `Started` reports this. Only the planner writes the SQLite
file, so its disk need not support locks between machines.
"""

from __future__ import annotations

import os
import queue
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...errors import BackendError
from ...system.interrupt import StopRequest
from .base import Ended, Epoch, Event, Job, Lost, Reporter, Started, Workers
from .in_process import drain
from .job import execute
from .processes import share_threads

_CONNECT_SECONDS = 15
MISSING = "a Dask cluster needs the package distributed; install it with: pip install 'genn_shd[dask]'"


class DaskCluster(Workers):
    """The workers of a Dask cluster: as many runs at once as they have threads.

    Parameters
    ----------
    address : address of the scheduler, such as tcp://host:8786, or a cluster object of dask-jobqueue.

    Raises
    ------
    BackendError
        Dask is not installed, or no scheduler answers.
    """

    def __init__(self, address: Any) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise BackendError(MISSING) from None
        try:
            self._client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise BackendError(
                f"no Dask scheduler answers at {address} ({error}); start one with: dask scheduler"
            ) from None
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._futures: dict[int, Any] = {}
        self._topic = f"genn_shd-{uuid.uuid4().hex}"
        self._client.subscribe_topic(self._topic, self._receive)
        self.description = f"Dask cluster at {self._client.scheduler_info()['address']}, {self.slots} slots"

    @property
    def slots(self) -> int:  # type: ignore[override]
        """Number of threads of all current workers."""
        return sum(self._count_slots().values())

    def submit(self, job: Job) -> None:
        key = f"run-{job.run}-{uuid.uuid4().hex}"
        future = self._client.submit(_run, job, self._count_slots(), self._topic, key=key, pure=False, retries=0)
        self._futures[job.run] = future
        future.add_done_callback(lambda done: self._events.put(_end(job.run, done)))

    def collect_events(self, timeout: float) -> list[Event]:
        if self._client.status != "running":
            raise BackendError(
                "the Dask scheduler is gone; start it again, and run the same command to resume the sweep."
            )
        events = drain(self._events, timeout)
        for event in events:
            if isinstance(event, Ended | Lost):
                self._futures.pop(event.run, None)
        return events

    def stop(self, run: int) -> None:
        from distributed import Event as Flag

        if run in self._futures:
            Flag(_name_flag(self._futures[run].key), client=self._client).set()

    def close(self) -> None:
        self._client.close()

    def _receive(self, event: tuple[float, dict[str, Any]]) -> None:
        """Forward an event of a worker, unless it is about an abandoned attempt."""
        message = event[1]
        run = message["run"]
        if run in self._futures and self._futures[run].key == message["key"]:
            self._events.put(Epoch(run, message["row"]) if "row" in message else Started(run, message["started_on"]))

    def _count_slots(self) -> dict[str, int]:
        from distributed.comm import get_address_host

        slots: Counter[str] = Counter()
        for address, threads in self._client.nthreads().items():
            slots[get_address_host(address)] += threads
        return dict(slots)


def _end(run: int, future: Any) -> Event:
    """Make the event for the end of a run on a cluster."""
    from distributed.scheduler import KilledWorker

    if future.status == "finished":
        return future.result()
    if future.status != "error":
        return Lost(run, f"the cluster dropped it ({future.status})")
    error = future.exception()
    if isinstance(error, KilledWorker):
        return Lost(run, "the cluster gave up: too many of its workers died")
    return Ended(run, "failed", {}, f"{type(error).__name__}: {error}")


def _name_flag(key: str) -> str:
    """Return the name of the flag that asks a run to stop."""
    return f"genn_shd-stop-{key}"


# --- in the worker's process -------------------------------------------------------------------------------------


class _Reporter(Reporter):
    """Reports to the planner through the scheduler; checks after every epoch whether to stop."""

    def __init__(self, job: Job, topic: str) -> None:
        from distributed import get_worker

        self.stop = StopRequest()
        self._run, self._topic = job.run, topic
        self._worker = get_worker()
        self._key = str(self._worker.get_current_task())
        self._say(started_on=self._worker.address)

    def report_epoch(self, row: Mapping[str, Any]) -> None:
        self._say(row=dict(row))
        self.stop.requested = self._is_flagged() or self._is_forgotten()

    def _say(self, **what: Any) -> None:
        self._worker.log_event(self._topic, {"key": self._key, "run": self._run, **what})

    def _is_flagged(self) -> bool:
        from distributed import Event as Flag

        return bool(Flag(_name_flag(self._key)).is_set())

    def _is_forgotten(self) -> bool:
        """Whether the planner of the run has died."""
        task = self._worker.state.tasks.get(self._key)
        return task is None or task.state == "cancelled"


def _run(job: Job, slots_by_host: Mapping[str, int], topic: str) -> Ended:
    """Run a job on a worker of the cluster."""
    from distributed import get_worker
    from distributed.comm import get_address_host

    from ...backends.native.threads import count_available_threads

    worker, processors = get_worker(), count_available_threads()
    has_machine = processors == os.cpu_count()  # otherwise a batch system assigned some of the processors
    slots = slots_by_host.get(get_address_host(worker.address), 0) if has_machine else 0
    threads = share_threads(max(slots, worker.state.nthreads), processors)
    return execute(replace(job, threads=threads), _Reporter(job, topic))
