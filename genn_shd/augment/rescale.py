"""Rescaling of times and channels, once, for training and evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..spikes.spike_trains import SpikeTrains, choose_unit_type
from ..system.numbers import check_positive
from . import spikes


@dataclass(frozen=True)
class Rescale:
    """Multiplies all times by one factor and all channel numbers by another; nothing is random.

    Channel c becomes floor(channel * c), and the number of channels follows from the last one. Spikes of channels that
    become one channel are all kept. tonic's `Downsample` does the same for single samples.

    Attributes
    ----------
    time : factor of times, above 0.
    channel : factor of channel numbers, above 0.
    """

    time: float = 1.0
    channel: float = 1.0

    def __post_init__(self) -> None:
        check_positive("Rescale: time", self.time)
        check_positive("Rescale: channel", self.channel)

    def count_units_before(self, num_units: int) -> int:
        """Return the largest number of channels that rescaling turns into `num_units`."""
        before = math.ceil(num_units / self.channel) + 1
        while math.floor((before - 1) * self.channel) >= num_units:
            before -= 1
        return before

    def __call__(self, trains: SpikeTrains) -> SpikeTrains:
        """Return rescaled samples; arrays that do not change are shared."""
        times = trains.times if self.time == 1 else trains.times * np.float32(self.time)
        if self.channel == 1:
            return spikes.replace(trains, times, trains.units, trains.offsets)
        channels = np.floor(np.arange(trains.num_units) * self.channel).astype(np.int64)
        num_units = int(channels[-1]) + 1
        units = channels.astype(choose_unit_type(num_units))[trains.units]
        return SpikeTrains.from_checked(times, units, trains.offsets, trains.labels, trains.speakers, num_units)
