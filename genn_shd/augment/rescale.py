"""Rescaling of time and channels: once, for training and evaluation alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..spikes.spike_trains import SpikeTrains, choose_unit_type
from ..system.numbers import check_positive
from . import spikes


@dataclass(frozen=True)
class Rescale:
    """Multiply all times and all channels by a factor each; nothing is random.

    Channel c becomes the whole part of channel * c, and there are as many channels as the last one needs; spikes
    that meet on one channel stay apart. tonic's `Downsample` does the same to one sample at a time.

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
        """The largest number of channels that become `num_units`."""
        before = math.ceil(num_units / self.channel) + 1
        while math.floor((before - 1) * self.channel) >= num_units:
            before -= 1
        return before

    def __call__(self, trains: SpikeTrains) -> SpikeTrains:
        """Rescaled samples; arrays that stay the same are shared."""
        times = trains.times if self.time == 1 else trains.times * np.float32(self.time)
        if self.channel == 1:
            return spikes.replace(trains, times, trains.units, trains.offsets)
        channels = np.floor(np.arange(trains.num_units) * self.channel).astype(np.int64)
        num_units = int(channels[-1]) + 1
        units = channels.astype(choose_unit_type(num_units))[trains.units]
        return SpikeTrains.from_checked(times, units, trains.offsets, trains.labels, trains.speakers, num_units)
