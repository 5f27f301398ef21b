"""Channel jitter: each spike on a channel near its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar, Self

import numpy as np
import scipy

from ..spikes.spike_trains import SpikeTrains
from ..system.described import described
from ..system.numbers import check_positive
from . import spikes
from .random_streams import RandomStreams
from .step import Step

_TABLE_BITS = 16


@dataclass(frozen=True)
class ChannelJitter(Step):
    """Every spike moves by its own whole number of channels, a rounded normal number; those that leave are dropped.

    "ID jitter" of Nowotny, Turner & Knight (2025). Numbers come from a table of the normal distribution's 65536
    quantiles, so none is beyond 4.3 sigma. tonic's `SpatialJitter` truncates instead of rounding, which pulls
    towards channel 0, and draws from numpy's global state.

    Attributes
    ----------
    sigma : standard deviation before rounding, channels.
    """

    order: ClassVar[float] = 60
    stream: ClassVar[str] = "jitter"

    sigma: float

    @classmethod
    def from_settings(
        cls,
        jitter: Annotated[
            float, described("standard deviation of each spike's own shift; 0 = off", "channels", ge=0, le=1e6)
        ] = 0.0,
    ) -> Self | None:
        return cls(jitter) if jitter else None

    def __post_init__(self) -> None:
        check_positive("ChannelJitter: sigma", self.sigma)

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Jittered copies of B samples, with a source of random numbers for each."""
        return spikes.move(
            trains, _tabulate_normal(self.sigma).take(draws.draw_for_spikes(trains.counts) >> (31 - _TABLE_BITS))
        )


@lru_cache(maxsize=4)
def _tabulate_normal(sigma: float) -> np.ndarray:
    """(65536,) int32, equally likely values."""
    size = 1 << _TABLE_BITS
    limit = np.iinfo(np.int32).max // 2  # so far away that every spike is dropped, and no sum wraps
    return np.clip(np.rint(sigma * scipy.special.ndtri((np.arange(size) + 0.5) / size)), -limit, limit).astype(np.int32)
