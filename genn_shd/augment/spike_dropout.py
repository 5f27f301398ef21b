"""Spike dropout: spikes left out at random, a given part of them or down to a given number."""

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
    """Every spike is dropped with one probability, on its own: input dropout (Nowotny, Turner & Knight 2025).

    tonic's `DropEvent` drops a fixed number of spikes, and draws from numpy's global state.

    Attributes
    ----------
    probability : of a spike to be dropped, 0 to 1.
    """

    order: ClassVar[float] = 80
    stream: ClassVar[str] = "drop"  # its first name, which its random numbers are made of

    probability: float

    @classmethod
    def from_settings(
        cls,
        spike_dropout: Annotated[float, described("probability of an input spike to be left out", ge=0, le=1)] = 0.0,
    ) -> Self | None:
        return cls(spike_dropout) if spike_dropout else None

    def __post_init__(self) -> None:
        check_probability("SpikeDropout: probability", self.probability)

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Thinned copies of B samples, with a source of random numbers for each."""
        return trains.keep(draws.pick_spikes(trains.counts, 1.0 - self.probability))


@dataclass(frozen=True)
class SpikeNumberNormalisation:
    """Samples are thinned to about the same number of spikes, so that loudness tells nothing.

    Every spike of a sample with n spikes is kept with probability min(1, target / n). Nowotny, Turner & Knight
    (2025), for training and for evaluation alike.

    Attributes
    ----------
    target : mean number of spikes a sample, 1 or more; samples with fewer stay as they are.
    """

    target: int

    def __post_init__(self) -> None:
        check_whole("SpikeNumberNormalisation: target", self.target, 1)

    @classmethod
    def to_smallest(cls, trains: SpikeTrains, indices: np.ndarray) -> SpikeNumberNormalisation:
        """Down to the smallest number of spikes that any of the training samples `indices` of `trains` has.

        Raises
        ------
        DataError
            No samples, or one without spikes: every other would be left without, too.
        """
        if not indices.size:
            raise DataError("spike-number normalisation: there are no training samples to count spikes of.")
        counts = trains.counts[indices]
        if not counts.min():
            raise DataError(
                f"spike-number normalisation: sample {indices[counts.argmin()]} has no spikes, and would leave every "
                "sample without; take it out of the training set, or set a target."
            )
        return cls(int(counts.min()))

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Thinned copies of B samples, with a source of random numbers for each."""
        probabilities = np.minimum(1.0, self.target / np.maximum(1, trains.counts))
        return trains.keep(draws.pick_spikes(trains.counts, probabilities))
