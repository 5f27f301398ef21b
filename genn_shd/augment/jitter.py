"""Channel jitter: moves each spike to a nearby channel."""

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
    """Moves each spike by a normally distributed number of channels, rounded; drops spikes that leave the channels.

    This is the "ID jitter" of Nowotny, Turner & Knight (2025). Numbers come from a table of 65536 quantiles of the
    normal distribution, so none is beyond 4.3 sigma. tonic's `SpatialJitter` truncates instead of rounding, which moves
    spikes towards channel 0 on average.

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
            float, described("standard deviation of the shift of each spike; 0 = off", "channels", ge=0, le=1e6)
        ] = 0.0,
    ) -> Self | None:
        return cls(jitter) if jitter else None

    def __post_init__(self) -> None:
        check_positive("ChannelJitter: sigma", self.sigma)

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Return jittered copies of B samples; `draws` has random numbers for each."""
        return spikes.move(
            trains, _tabulate_normal(self.sigma).take(draws.draw_for_spikes(trains.counts) >> (31 - _TABLE_BITS))
        )


@lru_cache(maxsize=4)
def _tabulate_normal(sigma: float) -> np.ndarray:
    """Return a table of equally likely, rounded normal numbers, (65536,) int32."""
    size = 1 << _TABLE_BITS
    limit = np.iinfo(np.int32).max // 2  # moves every spike out of the channels, and no sum overflows
    return np.clip(np.rint(sigma * scipy.special.ndtri((np.arange(size) + 0.5) / size)), -limit, limit).astype(np.int32)
