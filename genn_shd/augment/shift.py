"""Channel shift: a voice that is higher or lower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..spikes.spike_trains import SpikeTrains
from . import checks, spikes
from .random_streams import Draws


@dataclass(frozen=True)
class ChannelShift:
    """All spikes of a sample move by one whole number of channels, uniform in -maximum to maximum.

    Spikes that leave the channels are dropped. Nowotny, Turner & Knight (2025), who use 40 of 700 channels and draw
    a real number that they truncate: there 0 is twice as likely as any other, and the maximum never comes up.

    Attributes
    ----------
    maximum : channels, 0 or more.
    """

    maximum: int

    def __post_init__(self) -> None:
        checks.whole(self, "maximum", 0)

    def __call__(self, trains: SpikeTrains, draws: Draws) -> SpikeTrains:
        """Shifted copies of B samples, with a source of random numbers for each."""
        shifts = draws.integers(2 * self.maximum + 1) - self.maximum
        shifts = np.clip(shifts, -trains.num_units, trains.num_units)  # further out makes no difference
        return spikes.move(trains, np.repeat(shifts.astype(np.int32), trains.counts))
