"""The interface between the planner and workers: jobs and events."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..._moved import old_method
from ...system.interrupt import StopRequest


@dataclass(frozen=True)
class Job:
    """One run for a worker. It can be sent to another machine with access to the same disk.

    Attributes
    ----------
    run : id of the run.
    folder : absolute path of the run folder.
    function : the function to call, as module:function.
    settings : the complete configuration.
    threads : processor threads for the run; None to use the settings.
    """

    run: int
    folder: str
    function: str
    settings: Mapping[str, Any]
    threads: int | None = None


@dataclass(frozen=True)
class Started:
    """A worker has started a run. A second `Started` without an end in between means that the first worker died."""

    run: int
    worker: str


@dataclass(frozen=True)
class Epoch:
    """A run has completed an epoch; `row` is the row of its history."""

    run: int
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Ended:
    """A run has ended on its worker.

    Attributes
    ----------
    run : id of the run.
    status : `complete`, `diverged` or `failed`; `interrupted` if it was stopped and can be resumed; `busy` if another
        process is still using its folder.
    metrics : reported metrics.
    error : message of the error, or an empty string.
    """

    run: int
    status: str
    metrics: Mapping[str, Mapping[str, Any]]
    error: str = ""


@dataclass(frozen=True)
class Lost:
    """The worker of a run died."""

    run: int
    reason: str


Event = Started | Epoch | Ended | Lost


class Reporter(Protocol):
    """The interface by which a run reports to its worker."""

    stop: StopRequest
    """`stop.requested` becomes true when the run is to end, after the current batch or as soon as it can."""

    def report_epoch(self, row: Mapping[str, Any]) -> None:
        """Report a row of the history: `epoch`, counted from 1, and metrics by name."""

    epoch: Callable[..., Any] = old_method("epoch", "report_epoch")


class Workers(abc.ABC):
    """Executes jobs. Use it as a context manager: leaving it stops jobs that are still running.

    Attributes
    ----------
    slots : largest number of active jobs; it may change.
    description : description for the log.
    """

    slots: int
    description: str

    @abc.abstractmethod
    def submit(self, job: Job) -> None:
        """Start a job; there must be a free slot for it."""

    @abc.abstractmethod
    def collect_events(self, timeout: float) -> list[Event]:
        """Return the events since the last call, in order; wait at most `timeout` s for the first.

        Raises
        ------
        GennShdError
            There are no workers left.
        """

    @abc.abstractmethod
    def stop(self, run: int) -> None:
        """Ask a run to stop, so that it can be resumed."""

    @abc.abstractmethod
    def close(self) -> None:
        """Stop all workers."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
