"""Time dilation: scales the times of a sample, like faster or slower speech."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from ..errors import SettingError
from ..spikes.spike_trains import SpikeTrains
from ..system.described import AsList, OneOrMany, described
from ..system.numbers import check_positive
from . import spikes
from .random_streams import RandomStreams
from .step import Step


@dataclass(frozen=True)
class TimeDilation(Step):
    """Multiplies all times of a sample by one factor, drawn log-uniformly between minimum and maximum.

    After Nowotny, Turner & Knight (2025). The caller crops spikes after the end of the trial. tonic's `TimeSkew` draws
    the factor uniformly instead, so that slower speech is more likely than faster speech.

    Attributes
    ----------
    minimum, maximum : limits of the factor, above 0; a factor of 1 changes nothing.
    """

    order: ClassVar[float] = 10
    stream: ClassVar[str] = "dilate"

    minimum: float
    maximum: float

    @classmethod
    def from_settings(
        cls,
        dilate: Annotated[
            tuple[Annotated[float, Field(gt=0, le=1000)], ...],
            OneOrMany,
            AsList,
            described("smallest and largest factor of the spike times of a sample, for example [0.8, 1.2]; [] = off"),
        ] = (),
    ) -> Self | None:
        if len(dilate) not in (0, 2) or dilate != tuple(sorted(dilate)):
            raise SettingError(
                f"augmentation.dilate = {list(dilate)} is not allowed: give the smallest and the largest factor, "
                "for example [0.8, 1.2]."
            )
        return cls(*dilate) if dilate else None

    def __post_init__(self) -> None:
        check_positive("TimeDilation: minimum", self.minimum)
        check_positive("TimeDilation: maximum", self.maximum)
        if self.minimum > self.maximum:
            raise SettingError(f"TimeDilation: minimum = {self.minimum!r} must not exceed maximum = {self.maximum!r}.")

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Return dilated copies of B samples; `draws` has random numbers for each."""
        lowest, highest = math.log(self.minimum), math.log(self.maximum)
        factors = np.exp(lowest + (highest - lowest) * draws.draw_uniform()[:, 0]).astype(np.float32)
        times = trains.times * np.repeat(factors, trains.counts)
        return spikes.replace(trains, times, trains.units, trains.offsets)
