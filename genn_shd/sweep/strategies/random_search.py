"""Random search: trials drawn uniformly from the space (Bergstra & Bengio 2012, J. Mach. Learn. Res. 13, 281)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..records import Trial
from ..space import Space
from .base import Suggestion, list_labels


@dataclass(frozen=True)
class RandomSearch:
    """Draws the n-th trial from the seed and n; if it was tried before, another one."""

    space: Space
    seed: int

    def suggest(self, trials: Sequence[Trial]) -> Suggestion | None:
        """Draw a new point."""
        point = self.space.draw_new(np.random.default_rng([self.seed, len(trials)]), list_labels(trials))
        return None if point is None else Suggestion(point, "random")
