"""Bayesian optimisation with the package `bayesian-optimization`.

A Gaussian process is fitted to finished trials (`surrogate`); the next trial is at the maximum of the acquisition
function. Active trials are assumed to have a constant value (the "constant liar" of Ginsbourger et al. 2010), failed
and diverged trials the value of the worst finished one, and trials that were stopped early the estimate of the stopping
rule. Limits are constraints: the acquisition function is multiplied by the probability that they are met (Gardner et
al. 2014). The constant liar of the package supports neither categories nor constraints, so there is one here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from bayes_opt import acquisition

from ...errors import SettingError
from ...system.progress import LOG
from ..objective import Objective
from ..plan import Plan
from ..reading import SweepReader
from ..records import COMPLETE, RUNNING, Trial
from ..space import Point, Space, format_label
from ..surrogate import Surrogate, suppress_warnings
from ..sweep_file import BayesianStrategy
from .base import Suggestion, list_labels
from .observations import Observation, average_by_point, list_observations
from .parameters import convert_parameters

_CANDIDATES, _KEPT, _ROUNDS = 4000, 20, 8


@dataclass(frozen=True)
class Bayesian:
    """Suggests the point with the highest acquisition function, given the observations so far.

    Attributes
    ----------
    space, objective, settings : space, objective and strategy settings of the sweep.
    earlier : observations of earlier sweeps.
    """

    space: Space
    objective: Objective
    settings: BayesianStrategy
    earlier: tuple[Observation, ...] = ()

    @classmethod
    def from_plan(cls, plan: Plan, settings: BayesianStrategy) -> Bayesian:
        """Make the strategy of a plan, with the observations of earlier sweeps."""
        if not convert_parameters(plan.space):
            raise SettingError("strategy.name = 'bayesian' is not allowed: no parameter of the space has two values.")
        earlier = [o for folder in settings.warm_start for o in _list_earlier(Path(folder), plan)]
        return cls(plan.space, plan.objective, settings, tuple(earlier))

    def suggest(self, trials: Sequence[Trial]) -> Suggestion | None:
        """Choose a point of the initial design, later the best by the surrogate; a random one if that was tried."""
        tried = list_labels(trials)
        if self.space.is_exhausted(tried):
            return None
        rng = np.random.default_rng([self.settings.seed, len(trials)])
        suggestion = self._suggest(trials, rng)
        taken = tried | {format_label(observation.point) for observation in self.earlier}
        if suggestion is not None and format_label(suggestion.point) not in taken:
            return suggestion
        point = self.space.draw_new(rng, taken) or self.space.draw_new(rng, tried)
        return None if point is None else Suggestion(point, "random")

    def _suggest(self, trials: Sequence[Trial], rng: np.random.Generator) -> Suggestion | None:
        """Return the best point by the surrogate, tried or not; None if there are too few observations."""
        number = len(trials)
        if number < self.initial:
            spread = _spread(self.initial, len(self.space), np.random.default_rng(self.settings.seed))
            return Suggestion(self.space.make_point(spread[number]), "initial")
        known = average_by_point([*self.earlier, *list_observations(trials, self.objective, self.earlier)])
        if len(known) < 2:
            return None
        pending = [trial.point for trial in trials if trial.status == RUNNING]
        return Suggestion(self._find_best([*known, *self.make_assumed_observations(pending, known)], rng), "bayesian")

    @property
    def initial(self) -> int:
        """Number of trials of the initial design; observations of earlier sweeps are subtracted."""
        wanted = max(5, 2 * len(self.space)) if self.settings.initial == "auto" else self.settings.initial
        return max(0, wanted - len(self.earlier))

    def make_assumed_observations(self, pending: Sequence[Point], known: Sequence[Observation]) -> list[Observation]:
        """Return assumed observations for active trials (the constant liar)."""
        targets = np.array([o.target for o in known])
        target = float({"min": targets.min(), "mean": targets.mean(), "max": targets.max()}[self.settings.lie])
        limited = tuple(float(np.mean(values)) for values in zip(*(o.limited for o in known), strict=True))
        return [Observation(point, target, limited) for point in pending]

    def _find_best(self, known: Sequence[Observation], rng: np.random.Generator) -> Point:
        """Find the maximum of the acquisition function."""
        seed = int(rng.integers(2**31))
        surrogate = Surrogate.fit(self.space, self.objective, known, self._evaluate_acquisition(known), seed)
        found = surrogate.optimiser.space.array_to_params(_search(surrogate, _compute_promise(surrogate), seed))
        return self.space.drop_inactive({p.name: p.from_unit(0.0) for p in self.space} | found)

    def _evaluate_acquisition(self, known: Sequence[Observation]) -> acquisition.AcquisitionFunction:
        if self.settings.acquisition == "upper_confidence_bound":
            return acquisition.UpperConfidenceBound(kappa=self.settings.exploration)
        xi = self.settings.exploration * float(np.std([o.target for o in known]))
        if self.settings.acquisition == "probability_of_improvement":
            return acquisition.ProbabilityOfImprovement(xi=xi)
        return acquisition.ExpectedImprovement(xi=xi)


def _compute_promise(surrogate: Surrogate) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function of (N, D) places, (N,): acquisition function times probability that limits are met.

    If no trial has met the limits yet, only that probability.
    """
    optimiser = surrogate.optimiser
    constraint, best = optimiser.constraint, optimiser.max
    function: Any = optimiser.acquisition_function
    function.y_max = None if best is None else best["target"]

    def promise(x: np.ndarray) -> np.ndarray:
        with suppress_warnings():
            allowed = np.ones(len(x)) if constraint is None else constraint.predict(x)
            return allowed if best is None else function.base_acq(*surrogate.predict_moments(x)) * allowed

    return promise


def _search(surrogate: Surrogate, promise: Callable[[np.ndarray], np.ndarray], seed: int) -> np.ndarray:
    """Find the place with the largest value, (D,): many random places, then closer and closer neighbours of the best.

    The search of the package evaluates one place at a time, which takes as long as a short trial.
    """
    space, random = surrogate.optimiser.space, np.random.RandomState(seed)
    x = space.random_sample(_CANDIDATES, random)
    found = x[np.argsort(promise(x))[-_KEPT:]]
    for k in range(_ROUNDS):
        moved = np.repeat(found, _CANDIDATES // _ROUNDS // _KEPT, axis=0)
        drawn = space.random_sample(len(moved), random)
        for p in space.params_config.values():
            mask, change = space.masks[p.name], random.uniform(size=len(moved)) < 0.5
            if p.dim > 1:  # a category: another one, or the same
                moved[np.ix_(change, mask)] = drawn[np.ix_(change, mask)]
            else:
                low, high = p.bounds
                step = random.normal(scale=0.3 * 0.5**k * (high - low), size=len(moved)) * change
                moved[:, mask] = np.clip(moved[:, mask] + step[:, None], low, high)
        x = np.concatenate([found, moved])
        found = x[np.argsort(promise(x))[-_KEPT:]]
    return found[-1]


def _spread(count: int, dimensions: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a Latin hypercube, (count, dimensions): each parameter has one value in each of `count` equal intervals."""
    return np.stack([(rng.permutation(count) + rng.random(count)) / count for _ in range(dimensions)], axis=1)


def _list_earlier(folder: Path, plan: Plan) -> list[Observation]:
    """List the observations of an earlier sweep that are in the space of this one, with the objective of this one.

    Raises
    ------
    SettingError
        The earlier sweep varied other parameters, or had another objective.
    """
    with SweepReader(folder) as reader:
        metric, names = reader.file.objective.metric, set(reader.file.space)
        if metric != plan.objective.metric:
            raise SettingError(
                f"strategy.warm_start: the objective of the sweep in {folder} is {metric}, that of this one "
                f"{plan.objective.metric}; remove it."
            )
        if missing := [p.name for p in plan.space if p.name not in names]:
            raise SettingError(
                f"strategy.warm_start: the sweep in {folder} did not vary {', '.join(missing)}; remove it, or remove "
                "that from the space."
            )
        trials = reader.read_trials()
    own = [
        replace(_select_valued(t, plan), point={p.name: t.point[p.name] for p in plan.space if p.name in t.point})
        for t in trials
    ]
    inside = [trial for trial in own if _is_inside(trial.point, plan.space)]
    LOG.info("learning from %d of %d trials in %s", len(inside), len(trials), folder)
    return list_observations(inside, plan.objective)


def _select_valued(trial: Trial, plan: Plan) -> Trial:
    """Return a complete trial with the objective of `plan`, or without a value if its runs did not report it."""
    if trial.status != COMPLETE:
        return trial
    value = plan.objective.evaluate_trial([run.metrics for run in trial.runs])
    if value is None:
        return replace(trial, objective=None, limited={})
    return replace(trial, objective=value.objective, limited=value.limited)


def _is_inside(point: Point, space: Space) -> bool:
    try:
        return space.check(point, "") == point
    except SettingError:
        return False
