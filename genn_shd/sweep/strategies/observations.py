"""Observations: the points of trials with their objectives, for strategies that learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..objective import Objective
from ..records import COMPLETE, RUNNING, STOPPED, Trial
from ..space import Point, format_label


@dataclass(frozen=True)
class Observation:
    """A point with its target, which is maximised, and its limited metrics."""

    point: Point
    target: float
    limited: tuple[float, ...] = ()


def list_observations(
    trials: Sequence[Trial], objective: Objective, earlier: Sequence[Observation] = ()
) -> list[Observation]:
    """List the observations of trials; failed and diverged ones get the worst target, also of `earlier`.

    The list is empty until a trial has reported all limited metrics.
    """
    found = [
        Observation(t.point, objective.sign * t.objective, tuple(t.limited.get(n, np.nan) for n in objective.at_most))
        for t in trials
        if t.status in (COMPLETE, STOPPED) and t.objective is not None
    ]
    ended = [*found, *earlier]
    told = [o.limited for o in ended if not np.isnan(o.limited).any()]
    if not told:
        return []
    worst = tuple(np.max(told, axis=0).tolist())
    found = [replace(o, limited=tuple(np.where(np.isnan(o.limited), worst, o.limited).tolist())) for o in found]
    lowest = min(o.target for o in ended)
    failed = [t for t in trials if t.status not in (COMPLETE, STOPPED, RUNNING)]
    return [*found, *(Observation(t.point, lowest, worst) for t in failed)]


def average_by_point(known: Sequence[Observation]) -> list[Observation]:
    """Average the observations at the same point."""
    groups: dict[str, list[Observation]] = {}
    for o in known:
        groups.setdefault(format_label(o.point), []).append(o)
    return [
        Observation(
            group[0].point,
            float(np.mean([o.target for o in group])),
            tuple(float(np.mean(values)) for values in zip(*(o.limited for o in group), strict=True)),
        )
        for group in groups.values()
    ]


def lift_outliers(known: Sequence[Observation]) -> list[Observation]:
    """Raise very low targets to Tukey's lower fence, so that a few bad trials do not hide all differences."""
    low, high = np.quantile([o.target for o in known], [0.25, 0.75])
    fence = float(low - 1.5 * (high - low))
    return [replace(o, target=max(o.target, fence)) for o in known]
