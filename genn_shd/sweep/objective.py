"""The objective of trials: the mean of a metric over their runs, with limits on other metrics.

A run reports metrics of two epochs, the best and the last, and some metrics of the run as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import SettingError, suggest_nearest
from .sweep_file import ObjectiveSettings

Metrics = Mapping[str, Mapping[str, float]]
"""Metrics of a run: `best`, `last` or `run` -> name -> value."""

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
"""Metrics that a training reports for its best and its last epoch."""
RUN_METRICS = ("compile_seconds", "train_seconds", "seconds_per_epoch", "peak_memory", "num_parameters")
"""Metrics of a training as a whole; times in s, `peak_memory` in MiB."""


@dataclass(frozen=True)
class Value:
    """The value of a trial.

    Attributes
    ----------
    objective : mean of the objective's metric over the runs.
    limited : means over the runs of the metrics that have limits.
    """

    objective: float
    limited: dict[str, float]


@dataclass(frozen=True)
class Objective:
    """Computes the value of a trial from its runs.

    Attributes
    ----------
    metric : name of the metric.
    epoch : epoch of the metric, `best` or `last`.
    at_most : metric -> largest allowed value.
    """

    metric: str
    epoch: str
    at_most: Mapping[str, float]

    @property
    def maximise(self) -> bool:
        """Whether larger values are better."""
        return self.metric.endswith("accuracy")

    @property
    def sign(self) -> float:
        """1 if larger values are better, else -1: the objective times this is maximised."""
        return 1.0 if self.maximise else -1.0

    def evaluate_run(self, metrics: Metrics, name: str = "") -> float | None:
        """Return a metric of a run, by default the objective; None if it was not reported or is not finite."""
        name = name or self.metric
        value = metrics.get(self.epoch, {}).get(name, metrics.get("run", {}).get(name))
        return value if value is not None and math.isfinite(value) else None

    def evaluate_row(self, row: Mapping[str, Any]) -> float | None:
        """Return the objective at an epoch of a run that is not complete."""
        return self.evaluate_run({self.epoch: row})

    def evaluate_trial(self, runs: Sequence[Metrics]) -> Value | None:
        """Compute the value of a trial; None if a run did not report a required metric."""
        objective = _average(self.evaluate_run(metrics) for metrics in runs)
        limited = {name: _average(self.evaluate_run(metrics, name) for metrics in runs) for name in self.at_most}
        if objective is None or any(value is None for value in limited.values()):
            return None
        return Value(objective, {name: value for name, value in limited.items() if value is not None})

    def is_within_limits(self, limited: Mapping[str, float]) -> bool:
        """Whether no metric is above its limit."""
        return all(limited.get(name, math.inf) <= limit for name, limit in self.at_most.items())


def _average(values: Iterable[float | None]) -> float | None:
    found = list(values)
    if not found or any(value is None for value in found):
        return None
    return float(sum(value for value in found if value is not None) / len(found))


def build(settings: ObjectiveSettings, is_training: bool, has_validation: bool) -> Objective:
    """Make the objective of a sweep file.

    Parameters
    ----------
    settings : settings of the objective.
    is_training : whether runs are trainings, whose metrics are known.
    has_validation : whether runs have validation samples.

    Raises
    ------
    SettingError
        No run reports the metric, or it is a test metric, which must not choose trials.
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
            f"{where}: no run reports {metric!r} with validation.kind = 'none'; set validation.kind, or repeats.folds."
        )
