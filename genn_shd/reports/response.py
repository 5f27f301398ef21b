"""Results of a sweep's surrogate: the importance of each parameter, and slices through the best trial.

Importance is the total-effect index of global sensitivity analysis (Jansen, Comput. Phys. Commun. 117, 35, 1999,
https://doi.org/10.1016/S0010-4655(98)00154-4): the fraction of the variance of the surrogate's mean over the space that
remains when all other parameters are known. With interactions, the sum of the indices is above 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..sweep.space import Choice, Parameter, Point, Space, format_label
from ..sweep.strategies.observations import Observation, list_observations
from .trials import Trials

FEWEST = 4
"""Smallest number of different points for a surrogate."""
_MOST = 400  # points; the time of a fit grows with the cube of their number
_DRAWS = 1024
_PLACES = 61


@dataclass(frozen=True, eq=False)
class Slice:
    """The surrogate along one parameter, with the other parameters as in a trial.

    Attributes
    ----------
    parameter : the parameter that changes.
    values : (N,) its values.
    mean, std : (N,) predicted objective and its standard deviation.
    """

    parameter: Parameter
    values: Sequence[Any]
    mean: np.ndarray
    std: np.ndarray


@dataclass(frozen=True, eq=False)
class Response:
    """Results of a surrogate.

    Attributes
    ----------
    importance : parameter -> total-effect index, the largest first.
    slices : one slice for each parameter, in the same order.
    known : number of trials that the surrogate is fitted to.
    left_out : number of trials that were left out to limit the time of the fit.
    """

    importance: dict[str, float]
    slices: list[Slice]
    known: int
    left_out: int


def can_fit(of: Trials) -> bool:
    """Whether there are enough trials, with different objectives."""
    known = list_observations(of.all, of.objective)
    targets = {o.target for o in known}
    return bool(of.varied) and len({format_label(o.point) for o in known}) >= FEWEST and len(targets) > 1


def fit_response(of: Trials, seed: int = 0) -> Response:
    """Fit a surrogate to finished trials, and evaluate it.

    Parameters
    ----------
    of : trials for which `can_fit` holds.
    seed : seed of random points of the space.

    Raises
    ------
    BackendError
        bayesian-optimization is not installed.
    """
    from ..sweep.surrogate import Surrogate

    known = list_observations(of.all, of.objective)
    taken = _thin(known)
    limitless = replace(of.objective, at_most={})  # limits do not change the objective
    surrogate = Surrogate.fit(of.space, limitless, [replace(o, limited=()) for o in taken], seed=seed)
    names = [p.name for p in of.varied]
    indices = estimate_total_effects(surrogate, of.space, names, np.random.default_rng(seed))
    importance = dict(sorted(indices.items(), key=lambda item: -item[1]))
    slices = [_slice(surrogate, of, name) for name in importance]
    return Response(importance, slices, len(taken), len(known) - len(taken))


def _thin(known: Sequence[Observation]) -> list[Observation]:
    """Select at most `_MOST` observations, evenly by rank of their targets, including the best and the worst."""
    if len(known) <= _MOST:
        return list(known)
    ordered = sorted(known, key=lambda o: o.target)
    return [ordered[i] for i in np.linspace(0, len(ordered) - 1, _MOST).round().astype(int)]


def estimate_total_effects(
    surrogate: Any, space: Space, names: Sequence[str], rng: np.random.Generator
) -> dict[str, float]:
    """Estimate total-effect indices (Jansen): E[(f(x) - f(x with one parameter redrawn))^2] / (2 Var f)."""
    units, anew = rng.random((2, _DRAWS, len(space)))
    here = surrogate.predict([space.make_point(row) for row in units])[0]
    variance = float(np.var(here))
    found = {}
    for column, parameter in enumerate(space):
        if parameter.name in names:
            moved = units.copy()
            moved[:, column] = anew[:, column]
            there = surrogate.predict([space.make_point(row) for row in moved])[0]
            found[parameter.name] = float(np.mean((here - there) ** 2)) / (2 * variance) if variance else 0.0
    return found


def _slice(surrogate: Any, of: Trials, name: str) -> Slice:
    """Compute the slice through the best trial in which the parameter is active."""
    parameter = next(p for p in of.space if p.name == name)
    candidates = [t for t in of.complete if name in t.point] or [t for t in of.all if name in t.point]
    base = max(candidates, key=of.sign_objective).point
    values = list_places(parameter)
    mean, std = surrogate.predict([_complete(of.space, {**base, name: value}) for value in values])
    return Slice(parameter, values, mean, std)


def list_places(parameter: Parameter) -> list[Any]:
    """List values along a parameter: all values of a choice, or evenly spaced values of a range."""
    if isinstance(parameter, Choice):
        return list(parameter.values)
    return list(dict.fromkeys(parameter.from_unit(unit) for unit in np.linspace(0, 1, _PLACES)))


def _complete(space: Space, point: Point) -> Point:
    """Return a point in which active parameters without a value have the middle of their range."""
    whole: Point = {}
    for parameter in space:
        if parameter.is_active(whole):
            whole[parameter.name] = point.get(parameter.name, parameter.from_unit(0.5))
    return whole
