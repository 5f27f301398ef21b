"""A data set of one's own: which of two ears hears a click first.

Train with it:

    python -m genn_shd.train --set dataset.name=examples.dataset:load --set dataset.delay=3 --set network.num_hidden=16

Parameters of the function are settings of the data set: `described` says what they mean, their units and limits.
"""

from typing import Annotated

import numpy as np

from genn_shd import Dataset, SpikeTrains, described


def load(
    num_train: Annotated[int, described("number of training samples", ge=1)] = 500,
    delay: Annotated[float, described("by how much the farther ear is later", "ms", gt=0)] = 2.0,
    seed: Annotated[int, described("of the random numbers that the samples are drawn with", ge=0)] = 0,
) -> Dataset:
    """Make clicks that reach one ear before the other; classes are the sides they come from."""
    rng = np.random.default_rng(seed)
    return Dataset(
        name="clicks",
        train=clicks(num_train, delay, rng),
        validation=None,
        test=clicks(100, delay, rng),
        class_names=("left", "right"),
        speaker_names=(),
        duration=50.0,
    )


def clicks(num_samples: int, delay: float, rng: np.random.Generator) -> SpikeTrains:
    """Return samples of two channels with one spike each, that of the nearer ear first."""
    sides = rng.integers(2, size=num_samples)
    times = rng.uniform(5.0, 15.0, num_samples)
    events = [
        (np.array([time, time + delay]), np.array([side, 1 - side])) for time, side in zip(times, sides, strict=True)
    ]
    return SpikeTrains.from_events(events, sides, num_units=2)
