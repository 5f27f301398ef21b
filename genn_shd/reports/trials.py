"""The trials of a sweep as a report reads them: all at one moment, with their values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from ..sweep.objective import Objective
from ..sweep.reading import SweepReader
from ..sweep.records import COMPLETE, RUNNING, Counts, Trial
from ..sweep.space import Parameter, Space, format_label
from ..sweep.sweep_file import SweepFile


@dataclass(frozen=True)
class Trials:
    """All trials of a sweep so far.

    Attributes
    ----------
    name : of its folder.
    file, space, objective : definition of the sweep.
    dataset : that it was started with, or None.
    all : every trial in order, with its runs.
    counts : how often what happened.
    seconds : time at work.
    """

    name: str
    file: SweepFile
    space: Space
    objective: Objective
    dataset: str | None
    all: Sequence[Trial]
    counts: Counts
    seconds: float

    @classmethod
    def read(cls, folder: Path) -> Trials:
        """Read a sweep, also one under way.

        Raises
        ------
        DataError
            There is no sweep in the folder.
        """
        with SweepReader(folder) as reader:
            return cls(
                name=folder.resolve().name,
                file=reader.file,
                space=reader.space,
                objective=reader.objective,
                dataset=reader.read_description("dataset"),
                all=reader.read_trials(),
                counts=reader.count_runs(),
                seconds=reader.read_seconds(),
            )

    @cached_property
    def complete(self) -> list[Trial]:
        """Trials that are complete, have a value and keep all limits."""
        return [
            t
            for t in self.all
            if t.status == COMPLETE and t.objective is not None and self.objective.is_within_limits(t.limited)
        ]

    @cached_property
    def ended(self) -> list[Trial]:
        """Trials that ended in any way, in the order in which they did."""
        return sorted((t for t in self.all if t.status != RUNNING), key=lambda t: (t.ended or 0.0, t.number))

    @property
    def missing(self) -> str:
        """A note on how many of the trials asked for count, and why the others do not; empty where all count."""
        counted = {trial.number for trial in self.complete}
        others = Counter(_describe_fate(trial) for trial in self.all if trial.number not in counted)
        others["not begun"] = max(0, (self.file.budget.trials or 0) - len(self.all))
        named = ", ".join(f"{count} {fate}" for fate, count in others.items() if count)
        return f"{len(counted)} of {len(counted) + others.total()} trials count; the others: {named}." if named else ""

    @property
    def best(self) -> Trial | None:
        """The trial with the best objective."""
        return max(self.complete, key=self.sign_objective, default=None)

    def sign_objective(self, trial: Trial) -> float:
        """The objective of a complete trial, signed such that more is better."""
        return self.objective.sign * (trial.objective or 0.0)

    def spread(self, trial: Trial) -> float | None:
        """Standard deviation of the objective over the runs of a trial; None of a single run."""
        found = [self.objective.evaluate_run(run.metrics) for run in trial.runs]
        values = [value for value in found if value is not None]
        return stdev(values) if len(values) > 1 else None

    def average_metric(self, trial: Trial, metric: str) -> float | None:
        """Mean of a metric over the runs of a trial that reported it, at the objective's epoch."""
        values = [v for run in trial.runs if (v := run.get_metric(metric, self.objective.epoch)) is not None]
        return fmean(values) if values and all(map(math.isfinite, values)) else None

    @cached_property
    def varied(self) -> list[Parameter]:
        """Parameters that have more than one value among all trials."""
        return [
            p for p in self.space if len({format_label(t.point[p.name]) for t in self.all if p.name in t.point}) > 1
        ]


def _describe_fate(trial: Trial) -> str:
    """Describe the outcome of a trial that does not count."""
    return {RUNNING: "under way", COMPLETE: "beyond a limit"}.get(trial.status, trial.status)


def shorten_names(names: Iterable[str]) -> dict[str, str]:
    """Short names of parameters: without their tables, as far as that tells them apart."""
    split = {name: name.split(".") for name in names}

    def ending(name: str) -> str:
        for length in range(1, len(split[name])):
            alike = [other for other in split if split[other][-length:] == split[name][-length:]]
            if alike == [name]:
                return ".".join(split[name][-length:])
        return name

    return {name: ending(name).replace("_", " ") for name in split}


def is_same_elsewhere(one: Mapping[str, Any], other: Mapping[str, Any], but: str) -> bool:
    """Whether two points agree in all parameters that matter at both, one left aside."""
    common = (set(one) & set(other)) - {but}
    return all(format_label(one[name]) == format_label(other[name]) for name in common)
