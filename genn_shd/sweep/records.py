"""Records of the state of a sweep: trials, runs, attempts and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WAITING, RUNNING = "waiting", "running"
COMPLETE, STOPPED, DIVERGED, FAILED, SKIPPED = "complete", "stopped", "diverged", "failed", "skipped"
LOST, INTERRUPTED = "lost", "interrupted"

RUN_STATUS = (WAITING, RUNNING, COMPLETE, STOPPED, DIVERGED, FAILED, SKIPPED)
"""Status of a run. stopped: by early stopping; skipped: not run, because its trial was decided without it."""
TRIAL_STATUS = (RUNNING, COMPLETE, STOPPED, DIVERGED, FAILED)
"""Status of a trial: that of the run that decided it."""
ATTEMPT_STATUS = (RUNNING, COMPLETE, STOPPED, DIVERGED, FAILED, LOST, INTERRUPTED)
"""Status of an attempt at a run. lost: its worker or the planner died; interrupted: to be resumed later."""


@dataclass(frozen=True)
class Attempt:
    """One start of a run.

    Attributes
    ----------
    worker : name of the worker.
    status : one of `ATTEMPT_STATUS`.
    started, ended : times, s since 1970; `ended` is None while it runs.
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
    id : number, unique in the sweep.
    trial : number of its trial.
    seed, fold : seed and fold of the training; `fold` is None if there are no folds.
    status : one of `RUN_STATUS`.
    folder : run folder, relative to the folder of the sweep.
    settings : its complete configuration.
    metrics : `best`, `last` or `run` -> name -> value.
    error : message of the error, or an empty string.
    attempts : all attempts.
    epochs : rows of the history, one for each complete epoch.
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
        """Return a metric at an epoch, or of the run as a whole; None if it was not reported."""
        return self.metrics.get(epoch, {}).get(name, self.metrics.get("run", {}).get(name))


@dataclass(frozen=True)
class Trial:
    """A trial: one point of the space, and its runs.

    Attributes
    ----------
    number : number of the trial, counted from 1, in the order in which trials were chosen.
    point : parameter name -> value.
    origin : how it was chosen, for example `grid` or `bayesian`.
    status : one of `TRIAL_STATUS`.
    objective : value of the objective; None if it is not known.
    limited : metrics that have limits, by name.
    error : message of the error, or an empty string.
    created, ended : times, s since 1970; `ended` is None while the trial runs.
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
    """Numbers of runs and attempts.

    Attributes
    ----------
    started : attempts.
    lost : attempts whose worker or planner died.
    interrupted : attempts that were stopped and will be resumed.
    retried : attempts at runs that had an earlier attempt.
    finished : runs that are complete, stopped early, diverged or failed.
    duplicated : runs that finished more than once.
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
    """Sum the time of all attempts at runs, and the part of it that was compilation, s."""
    seconds = sum((a.ended - a.started) for run in runs for a in run.attempts if a.ended is not None)
    return seconds, sum(run.get_metric("compile_seconds") or 0.0 for run in runs)
