"""The contract of strategies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ..records import Trial
from ..space import Point, format_label


class Suggestion(NamedTuple):
    """The next trial, and how it came about."""

    point: Point
    origin: str


class Strategy(Protocol):
    """Chooses trials."""

    def next(self, trials: Sequence[Trial]) -> Suggestion | None:
        """The next trial, given all so far, those under way among them; None where there are no more."""


def list_labels(trials: Sequence[Trial]) -> set[str]:
    """Labels of the points of trials: running the same point again would give the same again."""
    return {format_label(trial.point) for trial in trials}
