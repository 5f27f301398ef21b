"""Trials drawn evenly from the space (Bergstra & Bengio 2012, J. Mach. Learn. Res. 13, 281)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..records import Trial
from ..space import Space
from .base import Suggestion


@dataclass(frozen=True)
class RandomSearch:
    """The n-th trial depends on seed and n alone."""

    space: Space
    seed: int

    def next(self, trials: Sequence[Trial]) -> Suggestion:
        """A point drawn for its number."""
        return Suggestion(self.space.draw(np.random.default_rng([self.seed, len(trials)])), "random")
