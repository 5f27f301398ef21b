"""The interface of strategies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ..records import Trial
from ..space import Point, format_label


class Suggestion(NamedTuple):
    """The point of the next trial, and the origin of the choice, such as `grid`."""

    point: Point
    origin: str


class Strategy(Protocol):
    """Chooses trials."""

    def suggest(self, trials: Sequence[Trial]) -> Suggestion | None:
        """Choose the next trial, given all trials so far, also active ones; None if there are no more."""


def list_labels(trials: Sequence[Trial]) -> set[str]:
    """Return the labels of the points of trials; the same point again would give the same result."""
    return {format_label(trial.point) for trial in trials}
