"""The records of a sweep's state: trials, runs, attempts and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WAITING, RUNNING = "waiting", "running"
COMPLETE, STOPPED, DIVERGED, FAILED, SKIPPED = "complete", "stopped", "diverged", "failed", "skipped"
LOST, INTERRUPTED = "lost", "interrupted"

RUN_STATUS = (WAITING, RUNNING, COMPLETE, STOPPED, DIVERGED, FAILED, SKIPPED)
"""Of a run. stopped: ended early as hopeless; skipped: never run, because its trial was decided without it."""
TRIAL_STATUS = (RUNNING, COMPLETE, STOPPED, DIVERGED, FAILED)
"""Of a trial: that of the run that decided it."""
ATTEMPT_STATUS = (RUNNING, COMPLETE, STOPPED, DIVERGED, FAILED, LOST, INTERRUPTED)
"""Of an attempt at a run. lost: its worker or the planner died; interrupted: it was asked to stop, to go on later."""


@dataclass(frozen=True)
class Attempt:
    """One start of a run.

    Attributes
    ----------
    worker : who ran it.
    status : one of `ATTEMPT_STATUS`.
    started, ended : seconds since 1970; `ended` is None while it runs.
    """

    worker: str
    status: str
    started: float
    ended: float | None


@dataclass(frozen=True)
class Run:
    """One training of a trial.

    Attributes
    ----------
    id : unique in the sweep.
    trial : number of its trial.
    seed, fold : of which the training is; `fold` is None where there are none.
    status : one of `RUN_STATUS`.
    folder : its run folder, relative to that of the sweep.
    settings : its complete configuration.
    metrics : `best`, `last` or `run` -> name -> value.
    error : message of the error, or an empty string.
    attempts : every start.
    epochs : a row of the history for each epoch so far.
    """

    id: int
    trial: int
    seed: int
    fold: str | None
    status: str
    folder: str
    settings: dict[str, Any]
    metrics: dict[str, dict[str, float]]
    error: str
    attempts: list[Attempt] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)

    def get_metric(self, name: str, epoch: str = "best") -> float | None:
        """A metric at an epoch, or of the run as a whole; None where it was not reported."""
        return self.metrics.get(epoch, {}).get(name, self.metrics.get("run", {}).get(name))


@dataclass(frozen=True)
class Trial:
    """One point of the space.

    Attributes
    ----------
    number : from 1, in the order of their choice.
    point : parameter name -> value.
    origin : how it was chosen, for example `grid` or `bayesian`.
    status : one of `TRIAL_STATUS`.
    objective : value of the objective; None while it is not known.
    limited : metrics that have limits.
    error : message of the error, or an empty string.
    created, ended : seconds since 1970.
    runs : its runs.
    """

    number: int
    point: dict[str, Any]
    origin: str
    status: str
    objective: float | None
    limited: dict[str, float]
    error: str
    created: float
    ended: float | None
    runs: list[Run] = field(default_factory=list)


@dataclass(frozen=True)
class Counts:
    """Numbers of runs and of attempts at them.

    Attributes
    ----------
    started : attempts at runs.
    lost : attempts whose worker, or whose planner, died.
    interrupted : attempts that were asked to stop, to go on later.
    retried : attempts at runs that had one before.
    finished : runs that came to an end of their own.
    duplicated : runs that came to an end more than once.
    open : runs that are waiting or running.
    skipped : runs that were not needed.
    """

    started: int
    lost: int
    interrupted: int
    retried: int
    finished: int
    duplicated: int
    open: int
    skipped: int


def sum_times(runs: Sequence[Run]) -> tuple[float, float]:
    """Seconds that attempts at runs took, and how many of them went into compiling."""
    seconds = sum((a.ended - a.started) for run in runs for a in run.attempts if a.ended is not None)
    return seconds, sum(run.get_metric("compile_seconds") or 0.0 for run in runs)
