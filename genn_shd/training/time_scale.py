"""Check the unit of spike times: files often have another unit than their layout requires."""

from __future__ import annotations

import numpy as np

from ..config.schema import Config
from ..datasets import Dataset
from ..errors import DataError
from ..spikes.spike_trains import SpikeTrains

LONGEST_SPEECH = 60_000.0
"""Longest plausible sample of speech, ms."""

_FACTORS = {"milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
"""Units that files may use instead of seconds, and their factors to seconds."""


def check_time_scale(config: Config, dataset: Dataset) -> None:
    """Raise an error if all samples, or a single spike, are later than `LONGEST_SPEECH`.

    Times are not checked if `dataset.rescale_time` is not 1, or `simulation.duration` is `LONGEST_SPEECH` or more.

    Raises
    ------
    DataError
        The message names the part, the length of its samples, the probable unit and the setting to change.
    """
    duration = config.simulation.duration
    if config.dataset.rescale_time != 1 or (not isinstance(duration, str) and duration >= LONGEST_SPEECH):
        return
    for part, trains in dataset.parts.items():
        last = trains.find_last_times()
        if last.size and last.min() > LONGEST_SPEECH:
            raise DataError(
                f"{dataset.name}, {part}: every sample is longer than {LONGEST_SPEECH / 1000:g} s "
                f"(half of them {np.median(last) / 1000:g} s or more), too long for speech; {_describe_remedy(trains)} "
                f"If they really are that long, set simulation.duration to {LONGEST_SPEECH:g} ms or more."
            )
    if duration == "auto" and dataset.duration > LONGEST_SPEECH:
        times = dataset.train.times
        stray = int(np.searchsorted(dataset.train.offsets, int(times.argmax()), side="right")) - 1
        raise DataError(
            f"{dataset.name}, train, sample {stray}: its last spike is at {float(times.max()) / 1000:g} s, which "
            "would make all trials as long; set simulation.duration (ms) to crop samples, or correct the file."
        )


def guess_unit(trains: SpikeTrains) -> tuple[str, float] | None:
    """Guess the unit of times, and its factor to seconds; None if times seem to be in seconds."""
    last = trains.find_last_times()
    median = float(np.median(last)) if last.size else 0.0
    if median <= LONGEST_SPEECH:
        return None
    return next(((unit, factor) for unit, factor in _FACTORS.items() if median * factor <= LONGEST_SPEECH), None)


def _describe_remedy(trains: SpikeTrains) -> str:
    if (found := guess_unit(trains)) is None:
        return "write the times in seconds."
    unit, factor = found
    return f"times are probably in {unit}, where the layout has seconds: set dataset.rescale_time = {factor:g}."


def describe_loss(trains: SpikeTrains, lost: int) -> str:
    """Write the end of a sentence about `lost` spikes that come after the trial, and the remedy."""
    share = f"{100 * lost / trains.num_spikes:.0f} % of their spikes are lost: "
    return share + (
        _describe_remedy(trains) if guess_unit(trains) else "raise simulation.duration, or check the unit of times."
    )
