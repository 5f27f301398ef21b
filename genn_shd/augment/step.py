"""Base class of a step of augmentation: it changes samples, has an order, and is made from settings."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Self

from ..spikes.spike_trains import SpikeTrains
from .random_streams import RandomStreams

BLENDING = 50
"""Order of blending. Steps of a lower order are applied to members of blends as to the samples themselves."""


class Step(abc.ABC):
    """A step of augmentation: it changes every sample independently of the others.

    A step is a module of this package, or a user's class, named in the setting augmentation.custom.

    Attributes
    ----------
    order : steps are applied in rising order: dilate 10, stretch 15, shift 20, blending 50, jitter 60,
        frequency_mask 70, spike_dropout 80.
    stream : name of its random numbers; those of different names are independent.
    """

    order: ClassVar[float]
    stream: ClassVar[str]

    @classmethod
    def from_settings(cls, *args: Any, **kwargs: Any) -> Self | None:
        """Make the step from its settings; None if they switch it off.

        The parameters of this method become settings of the same names in [augmentation]. Each needs a type with
        `described`, and a default that switches the step off.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Return changed copies of B samples; `draws` has random numbers for each. Spikes must stay sorted in time."""
