"""The learning rate: warm-up, annealing, and reductions when accuracy stops improving."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..config.schema import OptimiserSettings


def _keep_constant(progress: float) -> float:
    return 1.0


def _follow_cosine(progress: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def _follow_one_cycle(progress: float) -> float:
    """Return the factor of the one-cycle policy of Smith & Topin (2019), with the constants that are common today."""
    first, peak, last = 1.0 / 25.0, 0.3, 1.0 / 250_000.0
    if progress < peak:
        return 1.0 + (first - 1.0) * _follow_cosine(progress / peak)
    return last + (1.0 - last) * _follow_cosine((progress - peak) / (1.0 - peak))


_ANNEALING = {"none": _keep_constant, "cosine": _follow_cosine, "one_cycle": _follow_one_cycle}


@dataclass
class LearningRate:
    """Computes the learning rate of each batch.

    Warm-up: the rate starts at `warm_up_start * learning_rate` and is multiplied by `warm_up_factor` with every batch
    until it reaches the full rate. Schedule (Nowotny et al. 2025): after every epoch, two exponential moving averages
    of the monitored accuracy are updated, `average = weight * average + (1 - weight) * accuracy`. If the fast one is
    not above the slow one, and the full rate has not changed for more than `min_epochs` epochs, the full rate is
    multiplied by `factor`. Annealing: see `OptimiserSettings`.

    Attributes
    ----------
    settings : settings of the optimiser.
    full : rate after the warm-up, without annealing.
    latest : rate of the latest batch.
    batches : number of batches so far.
    fast, slow : moving averages of accuracy.
    last_change : epoch after which the full rate was last lowered.
    """

    settings: OptimiserSettings
    full: float
    latest: float = 0.0
    batches: int = 0
    fast: float = 0.0
    slow: float = 0.0
    last_change: int = 0

    @classmethod
    def start(cls, settings: OptimiserSettings) -> LearningRate:
        """Make the learning rate before the first batch."""
        return cls(settings, settings.learning_rate)

    def compute_batch_rate(self, progress: float) -> float:
        """Compute the rate of the next batch; it does not change until `finish_batch` is called.

        Parameters
        ----------
        progress : fraction of all batches of the training that is done, 0 to 1.
        """
        start, factor = self.settings.warm_up_start, self.settings.warm_up_factor
        is_warming_up = self.batches < -math.log(start) / math.log(factor)  # later, the power could overflow
        warmed = self.settings.learning_rate * start * factor**self.batches if is_warming_up else math.inf
        self.latest = min(self.full, warmed) * _ANNEALING[self.settings.annealing](progress)
        return self.latest

    def finish_batch(self) -> None:
        """Count a batch that was trained on."""
        self.batches += 1

    def finish_epoch(self, epoch: int, accuracy: float) -> bool:
        """Update the averages with the accuracy of an epoch (counted from 0); return whether the rate was lowered."""
        schedule = self.settings.schedule
        self.fast = schedule.fast * self.fast + (1.0 - schedule.fast) * accuracy
        self.slow = schedule.slow * self.slow + (1.0 - schedule.slow) * accuracy
        stalled = self.fast <= self.slow and epoch - self.last_change > schedule.min_epochs
        if stalled:
            self.full *= schedule.factor
            self.last_change = epoch
        return stalled and schedule.factor < 1.0

    def get_state(self) -> dict[str, Any]:
        """Return the state for a checkpoint, as numbers for JSON."""
        names = ("full", "latest", "batches", "fast", "slow", "last_change")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_state(cls, settings: OptimiserSettings, state: dict[str, Any]) -> LearningRate:
        """Make the learning rate from a state that `get_state` returned."""
        return cls(settings, **state)
