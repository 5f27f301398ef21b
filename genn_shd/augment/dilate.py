"""Time dilation: a word spoken faster or slower."""

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
    """Multiply all times of a sample by one factor, log-uniform in minimum to maximum.

    Spikes pushed beyond the trial are for the caller to crop. Nowotny, Turner & Knight (2025). tonic's `TimeSkew`
    draws the factor uniformly, so that slowing down is likelier than speeding up.

    Attributes
    ----------
    minimum, maximum : factors, above 0; 1 leaves times as they are.
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
            described("smallest and largest factor of a sample's spike times, for example [0.8, 1.2]; [] = off"),
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
        """Dilated copies of B samples, with a source of random numbers for each."""
        lowest, highest = math.log(self.minimum), math.log(self.maximum)
        factors = np.exp(lowest + (highest - lowest) * draws.draw_uniform()[:, 0]).astype(np.float32)
        times = trains.times * np.repeat(factors, trains.counts)
        return spikes.replace(trains, times, trains.units, trains.offsets)
