"""Frequency masks: a voice through another microphone, in another room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np

from ..spikes.spike_trains import SpikeTrains
from ..system.described import described
from ..system.numbers import check_probability
from .random_streams import RandomStreams
from .step import Step

_KNOTS = 8


@dataclass(frozen=True)
class FrequencyMask(Step):
    """Spikes are dropped with a probability that varies smoothly over channels, in every sample in another way.

    The probability is drawn at eight channels, evenly spread from the first to the last, uniform in 0 to maximum, and
    linear between them. These are the masks of SpecAugment (Park et al. 2019, doi:10.21437/Interspeech.2019-2680)
    without their edges.

    Attributes
    ----------
    maximum : probability, 0 to 1.
    """

    order: ClassVar[float] = 70
    stream: ClassVar[str] = "muffle"  # its first name, which its random numbers are made of

    maximum: float

    @classmethod
    def from_settings(
        cls,
        frequency_mask: Annotated[
            float,
            described(
                "largest probability of a spike to be left out, another one around each channel and sample", ge=0, le=1
            ),
        ] = 0.0,
    ) -> Self | None:
        return cls(frequency_mask) if frequency_mask else None

    def __post_init__(self) -> None:
        check_probability("FrequencyMask: maximum", self.maximum)

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Return masked copies of B samples, with a source of random numbers for each."""
        kept = 1.0 - self.maximum * _interpolate(draws.derive("curve").draw_uniform(_KNOTS), trains.num_units)
        sample = np.repeat(np.arange(len(trains)) * trains.num_units, trains.counts)
        return trains.keep(draws.derive("spikes").pick_each_spike(trains.counts, kept.take(sample + trains.units)))


def _interpolate(knots: np.ndarray, num_units: int) -> np.ndarray:
    """(B, num_units), linear between the values at the knots (B, K)."""
    place = np.linspace(0.0, knots.shape[1] - 1.0, num_units)
    left = np.minimum(place.astype(int), knots.shape[1] - 2)
    share = place - left
    return knots[:, left] * (1.0 - share) + knots[:, left + 1] * share
