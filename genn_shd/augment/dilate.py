"""Time dilation: a word spoken faster or slower."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import SettingError
from ..spikes.spike_trains import SpikeTrains
from . import checks, spikes
from .random_streams import Draws


@dataclass(frozen=True)
class TimeDilation:
    """All times of a sample are multiplied by one factor, log-uniform in minimum to maximum.

    Spikes pushed beyond the trial are for the caller to crop. Nowotny, Turner & Knight (2025). tonic's `TimeSkew`
    draws the factor uniformly, so that slowing down is likelier than speeding up.

    Attributes
    ----------
    minimum, maximum : factors, above 0; 1 leaves times as they are.
    """

    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        checks.positive(self, "minimum")
        checks.positive(self, "maximum")
        if self.minimum > self.maximum:
            raise SettingError(f"TimeDilation: minimum = {self.minimum!r} must not exceed maximum = {self.maximum!r}.")

    def __call__(self, trains: SpikeTrains, draws: Draws) -> SpikeTrains:
        """Dilated copies of B samples, with a source of random numbers for each."""
        lowest, highest = math.log(self.minimum), math.log(self.maximum)
        factors = np.exp(lowest + (highest - lowest) * draws.uniform()[:, 0]).astype(np.float32)
        times = trains.times * np.repeat(factors, trains.counts)
        return spikes.replace(trains, times, trains.units, trains.offsets)
