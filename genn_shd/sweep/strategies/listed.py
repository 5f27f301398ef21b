"""Trials from a list or a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..plan import Plan, list_points
from ..records import Trial
from ..space import Point, format_label
from .base import Suggestion, list_labels


@dataclass(frozen=True)
class Listed:
    """Suggests the points of a list in order.

    Attributes
    ----------
    points : all points.
    origin : `grid` or `list`.
    """

    points: Sequence[Point]
    origin: str

    @classmethod
    def from_plan(cls, plan: Plan) -> Listed:
        """Make the strategy of a plan."""
        return cls(list_points(plan) or [], plan.file.strategy.name)

    def suggest(self, trials: Sequence[Trial]) -> Suggestion | None:
        """Choose the first point that was not tried; a point that is listed twice is tried once."""
        tried = list_labels(trials)
        new = next((point for point in self.points if format_label(point) not in tried), None)
        return None if new is None else Suggestion(new, self.origin)
