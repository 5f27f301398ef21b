"""Time dilation: scales the times of a sample, like faster or slower speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np

from ..spikes.spike_trains import SpikeTrains
from ..system.described import described
from . import spikes
from .random_factor import Limits, RandomFactor
from .random_streams import RandomStreams


@dataclass(frozen=True)
class TimeDilation(RandomFactor):
    """Multiplies all times of a sample by one factor, drawn log-uniformly between minimum and maximum.

    After Nowotny, Turner & Knight (2025). The caller crops spikes after the end of the trial. tonic's `TimeSkew` draws
    the factor uniformly instead, so that slower speech is more likely than faster speech.

    Attributes
    ----------
    minimum, maximum : limits of the factor, above 0; a factor of 1 changes nothing.
    """

    order: ClassVar[float] = 10
    stream: ClassVar[str] = "dilate"

    @classmethod
    def from_settings(
        cls,
        dilate: Annotated[
            Limits,
            described("smallest and largest factor of the spike times of a sample, for example [0.8, 1.2]; [] = off"),
        ] = (),
    ) -> Self | None:
        return cls.make_from_limits(dilate, [0.8, 1.2])

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Return dilated copies of B samples; `draws` has random numbers for each."""
        times = trains.times * np.repeat(self.draw_factors(draws).astype(np.float32), trains.counts)
        return spikes.replace(trains, times, trains.units, trains.offsets)
