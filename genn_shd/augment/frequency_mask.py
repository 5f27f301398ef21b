"""Frequency masks: drop spikes as another microphone or room would change a spectrum."""

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
    """Drops spikes with a probability that varies smoothly over channels and is drawn for each sample.

    The probability is drawn uniformly from 0 to maximum at eight channels, evenly spaced from the first to the last,
    and is linear between them. The masks of SpecAugment (Park et al. 2019, doi:10.21437/Interspeech.2019-2680) are
    similar, but have sharp edges.

    Attributes
    ----------
    maximum : largest probability to drop a spike, 0 to 1.
    """

    order: ClassVar[float] = 70
    stream: ClassVar[str] = "muffle"  # its first name, kept because random numbers depend on it

    maximum: float

    @classmethod
    def from_settings(
        cls,
        frequency_mask: Annotated[
            float,
            described(
                "largest probability to drop a spike; the probability varies over channels and samples", ge=0, le=1
            ),
        ] = 0.0,
    ) -> Self | None:
        return cls(frequency_mask) if frequency_mask else None

    def __post_init__(self) -> None:
        check_probability("FrequencyMask: maximum", self.maximum)

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Return masked copies of B samples; `draws` has random numbers for each."""
        kept = 1.0 - self.maximum * _interpolate(draws.derive("curve").draw_uniform(_KNOTS), trains.num_units)
        sample = np.repeat(np.arange(len(trains)) * trains.num_units, trains.counts)
        return trains.keep(draws.derive("spikes").pick_each_spike(trains.counts, kept.take(sample + trains.units)))


def _interpolate(knots: np.ndarray, num_units: int) -> np.ndarray:
    """Interpolate linearly between the values at the knots (B, K); returns (B, num_units)."""
    place = np.linspace(0.0, knots.shape[1] - 1.0, num_units)
    left = np.minimum(place.astype(int), knots.shape[1] - 2)
    share = place - left
    return knots[:, left] * (1.0 - share) + knots[:, left + 1] * share
