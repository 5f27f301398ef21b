"""Strategies, which choose the next trial; one file each.

A strategy keeps nothing: what it says follows from its settings and from the trials so far, so that a sweep that goes
on chooses as it would have without the pause.
"""

from __future__ import annotations

from ..plan import Plan
from ..sweep_file import BayesianStrategy, RandomStrategy
from .base import Strategy
from .listed import Listed
from .random_search import RandomSearch

__all__ = ["Strategy", "build"]


def build(plan: Plan) -> Strategy:
    """The strategy of a plan.

    Raises
    ------
    SettingError, BackendError
        Earlier sweeps that it cannot learn from, or a package that is not there.
    """
    settings = plan.file.strategy
    if isinstance(settings, BayesianStrategy):
        from .bayesian import Bayesian

        return Bayesian.of(plan, settings)
    if isinstance(settings, RandomStrategy):
        return RandomSearch(plan.space, settings.seed)
    return Listed.of(plan)
