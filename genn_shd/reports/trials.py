"""The trials of a sweep, read once for a report, with their values."""

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
    name : name of the folder of the sweep.
    file, space, objective : definition of the sweep.
    dataset : name of the data set given with --dataset, or None.
    all : all trials in order, with their runs.
    counts : numbers of runs and attempts.
    seconds : running time, s.
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
        """Read a sweep, also one that is not complete.

        Raises
        ------
        DataError
            The folder has no sweep.
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
        """Trials that are complete, have a value and are within all limits."""
        return [
            t
            for t in self.all
            if t.status == COMPLETE and t.objective is not None and self.objective.is_within_limits(t.limited)
        ]

    @cached_property
    def ended(self) -> list[Trial]:
        """Finished trials of any status, in the order in which they finished."""
        return sorted((t for t in self.all if t.status != RUNNING), key=lambda t: (t.ended or 0.0, t.number))

    @property
    def missing(self) -> str:
        """A note on trials that do not count, and why; empty if all trials of the budget count."""
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
        """Return the objective of a complete trial, signed so that larger is better."""
        return self.objective.sign * (trial.objective or 0.0)

    def spread(self, trial: Trial) -> float | None:
        """Compute the standard deviation of the objective over the runs of a trial; None for a single run."""
        found = [self.objective.evaluate_run(run.metrics) for run in trial.runs]
        values = [value for value in found if value is not None]
        return stdev(values) if len(values) > 1 else None

    def average_metric(self, trial: Trial, metric: str) -> float | None:
        """Average a metric over the runs of a trial that reported it, at the epoch of the objective."""
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
    """Shorten names of parameters by leaving out tables, as long as the names remain different."""
    split = {name: name.split(".") for name in names}

    def ending(name: str) -> str:
        for length in range(1, len(split[name])):
            alike = [other for other in split if split[other][-length:] == split[name][-length:]]
            if alike == [name]:
                return ".".join(split[name][-length:])
        return name

    return {name: ending(name).replace("_", " ") for name in split}


def is_same_elsewhere(one: Mapping[str, Any], other: Mapping[str, Any], but: str) -> bool:
    """Whether two points agree in all parameters that are active at both, except `but`."""
    common = (set(one) & set(other)) - {but}
    return all(format_label(one[name]) == format_label(other[name]) for name in common)
