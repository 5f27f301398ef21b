"""Channel shift: moves all channels of a sample, like a higher or lower voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np

from ..spikes.spike_trains import SpikeTrains
from ..system.described import described
from ..system.numbers import check_whole
from . import spikes
from .random_streams import RandomStreams
from .step import Step


@dataclass(frozen=True)
class ChannelShift(Step):
    """Moves all spikes of a sample by one number of channels, a whole number uniform in -maximum to maximum.

    Spikes that leave the channels are dropped. After Nowotny, Turner & Knight (2025), who use a maximum of 40 of 700
    channels and truncate a real number, so that there 0 is twice as likely and the maximum never occurs.

    Attributes
    ----------
    maximum : largest shift, channels, 0 or more.
    """

    order: ClassVar[float] = 20
    stream: ClassVar[str] = "shift"

    maximum: int

    @classmethod
    def from_settings(
        cls,
        shift: Annotated[
            int,
            described("largest shift of the channels of a sample, up or down; 0 = off", "channels", ge=0, le=1_000_000),
        ] = 0,
    ) -> Self | None:
        return cls(shift) if shift else None

    def __post_init__(self) -> None:
        check_whole("ChannelShift: maximum", self.maximum, 0)

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Return shifted copies of B samples; `draws` has random numbers for each."""
        shifts = draws.draw_integers(2 * self.maximum + 1) - self.maximum
        shifts = np.clip(shifts, -trains.num_units, trains.num_units)  # further out makes no difference
        return spikes.move(trains, np.repeat(shifts.astype(np.int32), trains.counts))
