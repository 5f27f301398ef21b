"""Channel jitter: each spike on a channel near its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from ..spikes.spike_trains import SpikeTrains
from . import checks, spikes
from .random_streams import Draws

_TABLE_BITS = 16


@dataclass(frozen=True)
class ChannelJitter:
    """Every spike moves by its own whole number of channels, a rounded normal number; those that leave are dropped.

    "ID jitter" of Nowotny, Turner & Knight (2025). Numbers come from a table of the normal distribution's 65536
    quantiles, so none is beyond 4.3 sigma. tonic's `SpatialJitter` truncates instead of rounding, which pulls
    towards channel 0, and draws from numpy's global state.

    Attributes
    ----------
    sigma : standard deviation before rounding, channels.
    """

    sigma: float

    def __post_init__(self) -> None:
        checks.positive(self, "sigma")

    def __call__(self, trains: SpikeTrains, draws: Draws) -> SpikeTrains:
        """Jittered copies of B samples, with a source of random numbers for each."""
        return spikes.move(trains, _rounded_normal(self.sigma).take(draws.spikes(trains.counts) >> (31 - _TABLE_BITS)))


@lru_cache(maxsize=4)
def _rounded_normal(sigma: float) -> np.ndarray:
    """(65536,) int32, equally likely values."""
    size = 1 << _TABLE_BITS
    limit = np.iinfo(np.int32).max // 2  # so far away that every spike is dropped, and no sum wraps
    return np.clip(np.rint(sigma * ndtri((np.arange(size) + 0.5) / size)), -limit, limit).astype(np.int32)
