"""An augmentation of one's own: noises that hide a stretch of time.

Train with it:

    python -m genn_shd.train --set augmentation.custom=examples.augmentation:TimeMask --set augmentation.time_mask=50

Parameters of `from_settings` are settings in [augmentation].
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np

from genn_shd import RandomStreams, SpikeTrains, Step, described


@dataclass(frozen=True)
class TimeMask(Step):
    """Leave out all spikes of a sample within a stretch of time, which starts anywhere before its last spike.

    Attributes
    ----------
    length : of the stretch, ms.
    """

    order: ClassVar[float] = 75  # after frequency_mask, before spike_dropout
    stream: ClassVar[str] = "time_mask"

    length: float

    @classmethod
    def from_settings(
        cls, time_mask: Annotated[float, described("length of a stretch without spikes; 0 = off", "ms", ge=0)] = 0.0
    ) -> Self | None:
        return cls(time_mask) if time_mask else None

    def __call__(self, trains: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        last = np.array([trains[n][0][-1] if count else 0.0 for n, count in enumerate(trains.counts)])
        start = np.repeat(draws.draw_uniform()[:, 0] * last, trains.counts)
        return trains.keep((trains.times < start) | (trains.times >= start + self.length))
