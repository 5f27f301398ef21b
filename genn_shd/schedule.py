"""The learning rate: eased in over the first batches, lowered when accuracy stalls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .config import OptimiserSettings


@dataclass
class LearningRate:
    """The learning rate of each batch, and what it has to remember.

    Ease-in: the rate starts at `ease_in_start * learning_rate` and grows by `ease_in_factor` a batch until it
    reaches the full rate. Schedule (Nowotny et al. 2025): after every epoch, two exponential moving averages of
    the monitored accuracy take it in, `average = weight * average + (1 - weight) * accuracy`; where the fast one
    is not above the slow one and the full rate has stood for more than `min_epochs`, it is multiplied by `factor`.

    Attributes
    ----------
    settings : of the optimiser.
    full : rate once eased in.
    batches : number of batches so far.
    fast, slow : moving averages of accuracy.
    last_change : epoch after which the full rate was last lowered.
    """

    settings: OptimiserSettings
    full: float
    batches: int = 0
    fast: float = 0.0
    slow: float = 0.0
    last_change: int = 0

    @classmethod
    def start(cls, settings: OptimiserSettings) -> LearningRate:
        """Before the first batch."""
        return cls(settings, settings.learning_rate)

    def current(self) -> float:
        """The rate of the batch that comes next."""
        start, factor = self.settings.ease_in_start, self.settings.ease_in_factor
        eased_in_after = -math.log(start) / math.log(factor)
        if self.batches >= eased_in_after:
            return self.full
        return min(self.full, self.settings.learning_rate * start * factor**self.batches)

    def next_batch(self) -> None:
        """Count a batch."""
        self.batches += 1

    def next_epoch(self, epoch: int, accuracy: float) -> bool:
        """Take in the accuracy after an epoch (counted from 0); returns whether the rate was lowered."""
        schedule = self.settings.schedule
        self.fast = schedule.fast * self.fast + (1.0 - schedule.fast) * accuracy
        self.slow = schedule.slow * self.slow + (1.0 - schedule.slow) * accuracy
        stalled = self.fast <= self.slow and epoch - self.last_change > schedule.min_epochs
        if stalled:
            self.full *= schedule.factor
            self.last_change = epoch
        return stalled and schedule.factor < 1.0

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, as numbers that JSON takes."""
        names = ("full", "batches", "fast", "slow", "last_change")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_state(cls, settings: OptimiserSettings, state: dict[str, Any]) -> LearningRate:
        """Restore what `state` returned."""
        return cls(settings, **state)
