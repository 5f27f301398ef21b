"""Trials drawn evenly from the space (Bergstra & Bengio 2012, J. Mach. Learn. Res. 13, 281)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..records import Trial
from ..space import Space
from .base import Suggestion, list_labels


@dataclass(frozen=True)
class RandomSearch:
    """The n-th trial depends on seed and n alone, unless it was tried before: then another one is drawn."""

    space: Space
    seed: int

    def next(self, trials: Sequence[Trial]) -> Suggestion | None:
        """A new point drawn for its number."""
        point = self.space.draw_new(np.random.default_rng([self.seed, len(trials)]), list_labels(trials))
        return None if point is None else Suggestion(point, "random")
