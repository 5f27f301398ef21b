"""Execute runs in processes of this machine. If a process dies, only its run is lost, and the process is replaced.

A worker ends with the planner: it reads from a pipe, which the system closes when the planner dies.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ...errors import BackendError
from ...system.interrupt import StopRequest
from .base import Ended, Epoch, Event, Job, Lost, Reporter, Started, Workers
from .job import execute

_SPAWN = multiprocessing.get_context("spawn")  # a forked process would inherit locks that are never released
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_MAX_STILLBORN = 3
_PATIENCE = 5.0  # s to wait for a worker to end


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    run: int | None = None


class Processes(Workers):
    """Worker processes on this machine.

    Parameters
    ----------
    count : number of processes.
    threads : processor threads of each process; see `share_threads`.
    """

    def __init__(self, count: int, threads: int) -> None:
        self.slots = count
        self.threads = threads
        self.description = f"{count} processes of {threads} thread{'s' if threads > 1 else ''} each"
        self._stillborn = 0
        self._workers = [self._start() for _ in range(count)]

    def submit(self, job: Job) -> None:
        worker = next(w for w in self._workers if w.run is None)
        worker.run = job.run
        with suppress(OSError):  # the worker is dead; reported with the next events
            worker.pipe.send(job)

    def collect_events(self, timeout: float) -> list[Event]:
        ready = wait([w.pipe for w in self._workers], timeout)
        events: list[Event] = []
        for k, worker in enumerate(self._workers):
            if worker.pipe in ready:
                events += self._read(worker)
                if worker.pipe.closed:
                    events += self._replace(k)
        return events

    def stop(self, run: int) -> None:
        for worker in self._workers:
            if worker.run == run:
                with suppress(OSError):
                    worker.pipe.send(run)

    def close(self) -> None:
        for worker in self._workers:
            with suppress(OSError):
                worker.pipe.send(None)
        for worker in self._workers:
            worker.process.join(_PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()

    # --- one worker ----------------------------------------------------------------------------------------

    def _start(self) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
        with _set_environment(dict.fromkeys(_THREAD_VARIABLES, str(self.threads))):
            process.start()
        theirs.close()  # then only the worker has its end, and it is closed when the worker dies
        return _Worker(process, ours)

    def _read(self, worker: _Worker) -> list[Event]:
        """Read the events of a worker; close the pipe of a dead one."""
        events: list[Event] = []
        try:
            while worker.pipe.poll():
                event = worker.pipe.recv()
                events.append(event)
                self._stillborn = 0
                if isinstance(event, Ended):
                    worker.run = None
        except (EOFError, OSError):
            worker.pipe.close()
        return events

    def _replace(self, k: int) -> list[Event]:
        """Replace a dead worker by a new one."""
        dead = self._workers[k]
        dead.process.join()
        self._stillborn += 1
        if self._stillborn > _MAX_STILLBORN * self.slots:
            raise BackendError(
                f"worker processes die at their start (exit code {dead.process.exitcode}); "
                "use --workers 0 to see the reason."
            )
        self._workers[k] = self._start()
        return [] if dead.run is None else [Lost(dead.run, f"its worker died (exit code {dead.process.exitcode})")]


def share_threads(count: int, processors: int) -> int:
    """Return the number of threads for each of `count` workers, so that they use all processors."""
    return max(1, processors // count)


@contextmanager
def _set_environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for processes that are started within the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


# --- in the worker's process -------------------------------------------------------------------------------------


class _Reporter(Reporter):
    def __init__(self, run: int, pipe: Connection) -> None:
        self.stop = StopRequest()
        self.run = run
        self._pipe = pipe

    def report_epoch(self, row: Mapping[str, Any]) -> None:
        _tell(self._pipe, Epoch(self.run, dict(row)))


def _tell(pipe: Connection, event: Event) -> None:
    try:
        pipe.send(event)
    except OSError:
        _leave()


def _leave() -> None:
    """End the process at once because the planner is gone; another planner can then use the folder."""
    os._exit(1)


def _serve(pipe: Connection) -> None:
    """Execute jobs until there are no more, or the planner is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C reaches all processes; only the planner handles it
        signal.signal(number, signal.SIG_IGN)
    jobs: queue.SimpleQueue[_Reporter | None] = queue.SimpleQueue()
    waiting: dict[int, Job] = {}
    threading.Thread(target=_listen, args=(pipe, jobs, waiting), daemon=True).start()
    while (reporter := jobs.get()) is not None:
        _tell(pipe, Started(reporter.run, f"process {os.getpid()}"))
        _tell(pipe, execute(waiting.pop(reporter.run), reporter))


def _listen(pipe: Connection, jobs: queue.SimpleQueue[_Reporter | None], waiting: dict[int, Job]) -> None:
    """Receive jobs, requests to stop a run (its id), and None for the end."""
    reporter: _Reporter | None = None
    try:
        while (message := pipe.recv()) is not None:
            if isinstance(message, Job):
                reporter = _Reporter(message.run, pipe)
                waiting[message.run] = message
                jobs.put(reporter)
            elif reporter is not None and reporter.run == message:
                reporter.stop.requested = True
    except (EOFError, OSError):
        _leave()
    if reporter is not None:
        reporter.stop.requested = True
    jobs.put(None)
