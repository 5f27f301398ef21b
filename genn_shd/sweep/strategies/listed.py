"""Trials that are known beforehand: every one of a list, or of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..plan import Plan, list_points
from ..records import Trial
from ..space import Point, format_label
from .base import Suggestion, list_labels


@dataclass(frozen=True)
class Listed:
    """One point after the other.

    Attributes
    ----------
    points : all of them.
    origin : `grid` or `list`.
    """

    points: Sequence[Point]
    origin: str

    @classmethod
    def of(cls, plan: Plan) -> Listed:
        """The points of a plan."""
        return cls(list_points(plan) or [], plan.file.strategy.name)

    def next(self, trials: Sequence[Trial]) -> Suggestion | None:
        """The first point that has not been; one that is listed twice is tried once."""
        tried = list_labels(trials)
        new = next((point for point in self.points if format_label(point) not in tried), None)
        return None if new is None else Suggestion(new, self.origin)
