"""Spike dropout: drops spikes at random, with a given probability or down to a given number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np

from ..errors import DataError
from ..spikes.spike_trains import SpikeTrains
from ..system.described import described
from ..system.numbers import check_probability, check_whole
from .random_streams import RandomStreams
from .step import Step


@dataclass(frozen=True)
class SpikeDropout(Step):
    """Drops each spike independently with one probability: input dropout (Nowotny, Turner & Knight 2025).

    tonic's `DropEvent` drops a fixed number of spikes instead.

    Attributes
    ----------
    probability : probability to drop a spike, 0 to 1.
    """

    order: ClassVar[float] = 80
    stream: ClassVar[str] = "drop"  # its first name, kept because random numbers depend on it

    probability: float

    @classmethod
    def from_settings(
        cls,
        spike_dropout: Annotated[float, described("probability to drop an input spike", ge=0, le=1)] = 0.0,
    ) -> Self | None:
        return cls(spike_dropout) if spike_dropout else None

    def __post_init__(self) -> None:
        check_probability("SpikeDropout: probability", self.probability)

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Thinned copies of B samples, with a source of random numbers for each."""
        return trains.keep(draws.pick_spikes(trains.counts, 1.0 - self.probability))


@dataclass(frozen=True)
class SpikeNumberNormalisation:
    """Drops spikes so that samples have about the same number, and loudness does not matter.

    Every spike of a sample with n spikes is kept with probability min(1, target / n), in training and in evaluation.
    After Nowotny, Turner & Knight (2025).

    Attributes
    ----------
    target : mean number of spikes per sample, 1 or more; samples with fewer spikes do not change.
    """

    target: int

    def __post_init__(self) -> None:
        check_whole("SpikeNumberNormalisation: target", self.target, 1)

    @classmethod
    def to_smallest(cls, trains: SpikeTrains, indices: np.ndarray) -> SpikeNumberNormalisation:
        """Normalise to the smallest number of spikes of the training samples, at `indices` of `trains`.

        Raises
        ------
        DataError
            There are no samples, or one has no spikes, so that all others would lose theirs.
        """
        if not indices.size:
            raise DataError("spike-number normalisation: there are no training samples to count spikes of.")
        counts = trains.counts[indices]
        if not counts.min():
            raise DataError(
                f"spike-number normalisation: sample {indices[counts.argmin()]} has no spikes, so every sample would "
                "lose all of its own; remove it from the training set, or set a target."
            )
        return cls(int(counts.min()))

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Thinned copies of B samples, with a source of random numbers for each."""
        probabilities = np.minimum(1.0, self.target / np.maximum(1, trains.counts))
        return trains.keep(draws.pick_spikes(trains.counts, probabilities))
