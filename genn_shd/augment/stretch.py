"""Channel stretch: scales the channels of a sample about the middle one, like a vocal tract of another shape."""

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
class ChannelStretch(RandomFactor):
    """Multiplies the distances of all channels from the middle by one factor, drawn log-uniformly for each sample.

    New channels are rounded, and spikes that leave the channels are dropped. Channels are nearly logarithmic in
    frequency, so vocal tract length perturbation (Jaitly & Hinton 2013), which multiplies frequencies, is a
    `ChannelShift`. A stretch moves low and high resonances apart or together, as they differ between speakers.

    Attributes
    ----------
    minimum, maximum : limits of the factor, above 0; a factor of 1 changes nothing.
    """

    order: ClassVar[float] = 15
    stream: ClassVar[str] = "stretch"

    @classmethod
    def from_settings(
        cls,
        stretch: Annotated[
            Limits,
            described(
                "smallest and largest factor of the distances of channels from the middle one, for example "
                "[0.87, 1.15]; [] = off"
            ),
        ] = (),
    ) -> Self | None:
        return cls.make_from_limits(stretch, [0.87, 1.15])

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Return stretched copies of B samples; `draws` has random numbers for each."""
        # A huge factor must not overflow: one that moves even the channels beside the middle out is as good.
        factors = np.minimum(self.draw_factors(draws), 4.0 * trains.num_units)
        from_middle = trains.units - 0.5 * (trains.num_units - 1)
        limit = float(min(trains.num_units, 2**31 - 1))
        moved = np.clip(np.repeat(factors - 1.0, trains.counts) * from_middle, -limit, limit)
        return spikes.move(trains, np.rint(moved).astype(np.int32))
