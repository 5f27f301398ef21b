"""The contract between the planner and any kind of workers: jobs, events, and how they are passed."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ...system.interrupt import StopRequest


@dataclass(frozen=True)
class Job:
    """One run, as a worker gets it. It can be sent to another machine that sees the same disk.

    Attributes
    ----------
    run : its id.
    folder : where it leaves its files, absolute.
    function : the function that it calls, as module:function.
    settings : its complete configuration.
    threads : processor threads for each run of a worker; None to leave it to the settings.
    """

    run: int
    folder: str
    function: str
    settings: Mapping[str, Any]
    threads: int | None = None


@dataclass(frozen=True)
class Started:
    """A worker has begun with a run. A second one without an end between says that the first worker is gone."""

    run: int
    worker: str


@dataclass(frozen=True)
class Epoch:
    """A run has a new row in its history."""

    run: int
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Ended:
    """A run is off its worker.

    Attributes
    ----------
    run : its id.
    status : `complete`, `diverged` or `failed`; `interrupted` where it was asked to stop and can go on; `busy` where
        another process still has its folder.
    metrics : reported metrics.
    error : what went wrong.
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

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Report a row of the history; it has an `epoch`, counted from 1, and metrics by name."""


class Workers(abc.ABC):
    """A place that runs jobs. A context manager: leaving it ends whatever still runs.

    Attributes
    ----------
    slots : how many jobs can be under way at once; may change while it works.
    description : for the log.
    """

    slots: int
    description: str

    @abc.abstractmethod
    def submit(self, job: Job) -> None:
        """Take a job; there must be a free slot for it."""

    @abc.abstractmethod
    def events(self, timeout: float) -> list[Event]:
        """Events since the last call, in order; waits at most `timeout` s for one.

        Raises
        ------
        GennShdError
            The workers are gone for good.
        """

    @abc.abstractmethod
    def stop(self, run: int) -> None:
        """Ask a run to end where it can go on later."""

    @abc.abstractmethod
    def close(self) -> None:
        """End all workers."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
