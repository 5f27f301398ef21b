"""The effect of each level of a factor: over all trials, and as the only change of the best trial (an ablation).

Means and standard deviations, as in figures 3 and 4 of Nowotny, Turner & Knight (Neuromorph. Comput. Eng. 5, 014001,
2025).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from ..sweep.records import Trial
from ..sweep.space import Choice, Parameter, format_label
from .trials import Trials, is_same_elsewhere

_MOST_LEVELS = 12


@dataclass(frozen=True)
class Level:
    """One value of a factor.

    Attributes
    ----------
    value : value of the parameter.
    trials : number of complete trials with it.
    mean, spread : mean and standard deviation of the objective over them; None for a single trial.
    best : the trial among them with the best objective.
    """

    value: Any
    trials: int
    mean: float
    spread: float | None
    best: Trial


def list_factors(of: Trials) -> dict[str, list[Level]]:
    """List the levels of each parameter with few values, by name, in the order of its range."""
    found = {}
    for parameter in _list_discrete(of):
        groups = _group_trials(parameter, of.complete)
        if 1 < len(groups) <= _MOST_LEVELS:
            found[parameter.name] = [_summarise_level(of, value, trials) for value, trials in groups]
    return found


def _list_discrete(of: Trials) -> list[Parameter]:
    """List the parameters with few values: choices, and ranges if trials were not drawn at random."""
    is_listed = of.file.strategy.name in ("grid", "list")
    return [p for p in of.varied if is_listed or isinstance(p, Choice)]


def _group_trials(parameter: Parameter, trials: Sequence[Trial]) -> list[tuple[Any, list[Trial]]]:
    """Group trials by their value of a parameter; trials without it are left out."""
    groups: dict[str, tuple[Any, list[Trial]]] = {}
    for trial in trials:
        if parameter.name in trial.point:
            value = trial.point[parameter.name]
            groups.setdefault(format_label(value), (value, []))[1].append(trial)
    return sorted(groups.values(), key=lambda group: parameter.to_unit(group[0]))


def _summarise_level(of: Trials, value: Any, trials: Sequence[Trial]) -> Level:
    values = [trial.objective for trial in trials if trial.objective is not None]
    spread = stdev(values) if len(values) > 1 else None
    return Level(value, len(trials), fmean(values), spread, max(trials, key=of.sign_objective))


def find_ablation(of: Trials) -> dict[str, list[Trial]]:
    """Find, for each factor, the trials that differ from the best one only in it: one for each level.

    The best trial is one of them. Parameters that are active at only one of two points, such as the strength of a loss,
    may differ as well. Of several trials at a level, the one with the best objective is chosen.
    """
    best = of.best
    if best is None:
        return {}
    found = {}
    for parameter in _list_discrete(of):
        if parameter.name not in best.point:
            continue
        near = [t for t in of.complete if is_same_elsewhere(t.point, best.point, parameter.name)]
        levels = [max(trials, key=of.sign_objective) for _, trials in _group_trials(parameter, near)]
        if 1 < len(levels) <= _MOST_LEVELS:
            found[parameter.name] = levels
    return found
