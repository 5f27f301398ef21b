"""A step of augmentation: how samples change, where in the order of steps, and by which settings it is asked for."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Self

from ..spikes.spike_trains import SpikeTrains
from .random_streams import RandomStreams

BLENDING = 50
"""Order of blending: members of a blend go through the steps before it, as that sample does in this epoch."""


class Step(abc.ABC):
    """Changes samples, each on its own. A step is one file here, or a class of a user's named in augmentation.custom.

    Attributes
    ----------
    order : steps are applied in rising order. There are dilate 10, shift 20, blending 50, jitter 60, frequency_mask 70,
        spike_dropout 80.
    stream : name of its random numbers, which are independent of those of other names.
    """

    order: ClassVar[float]
    stream: ClassVar[str]

    @classmethod
    def from_settings(cls, *args: Any, **kwargs: Any) -> Self | None:
        """Return the step for its settings; None where they switch it off.

        Its parameters are the settings in [augmentation], of the same names; each has a type with `described` and a
        default, at which the step is off.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Return changed copies of B samples, with random numbers for each; spikes stay sorted in time."""
