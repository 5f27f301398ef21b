"""Strategies, which choose the next trial; one module each.

A strategy has no state: its choice depends only on its settings and on the trials so far, so that a resumed sweep
chooses the same trials as one without an interruption.
"""

from __future__ import annotations

from ..plan import Plan
from ..sweep_file import BayesianStrategy, RandomStrategy
from .base import Strategy
from .listed import Listed
from .random_search import RandomSearch

__all__ = ["Strategy", "build"]


def build(plan: Plan) -> Strategy:
    """Make the strategy of a plan.

    Raises
    ------
    SettingError, BackendError
        An earlier sweep cannot be used, or a package is missing.
    """
    settings = plan.file.strategy
    if isinstance(settings, BayesianStrategy):
        from .bayesian import Bayesian

        return Bayesian.from_plan(plan, settings)
    if isinstance(settings, RandomStrategy):
        return RandomSearch(plan.space, settings.seed)
    return Listed.from_plan(plan)
