"""The objective of trials: the mean of a metric over their runs, and whether limits are kept.

A run reports metrics at two epochs, the best one and the last one, and some of the run as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import SettingError, suggest_nearest
from .sweep_file import ObjectiveSettings

Metrics = Mapping[str, Mapping[str, float]]
"""`best`, `last` or `run` -> name -> value."""

EPOCH_METRICS = (
    "training_loss",
    "training_accuracy",
    "validation_loss",
    "validation_accuracy",
    "test_loss",
    "test_accuracy",
    "spikes_per_neuron",
    "silent_neurons",
    "grazing_spikes",
    "seconds",
)
"""Metrics that a training reports of its best and of its last epoch."""
RUN_METRICS = ("compile_seconds", "train_seconds", "seconds_per_epoch", "peak_memory", "num_parameters")
"""Metrics that a training reports as a whole. `peak_memory` in MiB."""


@dataclass(frozen=True)
class Value:
    """The value of a trial.

    Attributes
    ----------
    objective : the metric, mean over runs.
    limited : metrics that have limits, mean over runs.
    """

    objective: float
    limited: dict[str, float]


@dataclass(frozen=True)
class Objective:
    """A rule by which the value of a trial follows from its runs.

    Attributes
    ----------
    metric : its name.
    epoch : `best` or `last`.
    at_most : metric -> highest value allowed.
    """

    metric: str
    epoch: str
    at_most: Mapping[str, float]

    @property
    def maximise(self) -> bool:
        """Whether more is better."""
        return self.metric.endswith("accuracy")

    @property
    def sign(self) -> float:
        """1 where more is better, else -1: the objective times this is to be maximised."""
        return 1.0 if self.maximise else -1.0

    def evaluate_run(self, metrics: Metrics, name: str = "") -> float | None:
        """A metric of a run, by default the objective; None where the run did not report it, or no number."""
        name = name or self.metric
        value = metrics.get(self.epoch, {}).get(name, metrics.get("run", {}).get(name))
        return value if value is not None and math.isfinite(value) else None

    def evaluate_row(self, row: Mapping[str, Any]) -> float | None:
        """The objective at an epoch of a run under way."""
        return self.evaluate_run({self.epoch: row})

    def evaluate_trial(self, runs: Sequence[Metrics]) -> Value | None:
        """The value of a trial; None where a run did not report a metric that is needed."""
        objective = _average(self.evaluate_run(metrics) for metrics in runs)
        limited = {name: _average(self.evaluate_run(metrics, name) for metrics in runs) for name in self.at_most}
        if objective is None or any(value is None for value in limited.values()):
            return None
        return Value(objective, {name: value for name, value in limited.items() if value is not None})

    def keeps_limits(self, limited: Mapping[str, float]) -> bool:
        """Whether all limits are kept."""
        return all(limited.get(name, math.inf) <= limit for name, limit in self.at_most.items())


def _average(values: Iterable[float | None]) -> float | None:
    found = list(values)
    if not found or any(value is None for value in found):
        return None
    return float(sum(value for value in found if value is not None) / len(found))


def build(settings: ObjectiveSettings, is_training: bool, has_validation: bool) -> Objective:
    """The objective of a sweep file.

    Parameters
    ----------
    settings : of the file.
    is_training : whether runs are trainings, whose metrics are known beforehand.
    has_validation : whether they have validation samples.

    Raises
    ------
    SettingError
        A metric that no run reports, or one that must choose nothing.
    """
    objective = Objective(settings.metric, settings.epoch, settings.at_most)
    if is_training:
        _check(settings.metric, "objective.metric", has_validation)
        for name in settings.at_most:
            _check(name, "objective.at_most", has_validation)
    return objective


def _check(metric: str, where: str, has_validation: bool) -> None:
    known = (*EPOCH_METRICS, *RUN_METRICS)
    if metric not in known:
        raise SettingError(
            f"{where}: no run reports {metric!r}; there are {', '.join(known)}.{suggest_nearest(metric, known)}"
        )
    if metric.startswith("test_"):
        raise SettingError(
            f"{where}: {metric!r} is not allowed: the test set must not choose among trials (runs report it anyway); "
            f"use 'validation_{metric.removeprefix('test_')}'."
        )
    if metric.startswith("validation_") and not has_validation:
        raise SettingError(
            f"{where}: no run reports {metric!r}, for validation.kind = 'none'; set validation.kind, or repeats.folds."
        )
