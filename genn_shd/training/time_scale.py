"""Whether spike times can be milliseconds of speech at all: files often have another unit than their layout."""

from __future__ import annotations

import numpy as np

from ..config.schema import Config
from ..datasets import Dataset
from ..errors import DataError
from ..spikes.spike_trains import SpikeTrains

LONGEST_SPEECH = 60_000.0
"""No sample of speech is longer, ms."""

_FACTORS = {"milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
"""Units that times may be in instead of seconds, and their factors to seconds."""


def check_time_scale(config: Config, dataset: Dataset) -> None:
    """Refuse samples that are all too long for speech, and a trial as long as that from one stray spike.

    A `dataset.rescale_time` other than 1, or a `simulation.duration` of `LONGEST_SPEECH` or more, says that the
    times are as they should be.

    Raises
    ------
    DataError
        Names the part, how long its samples are, the likely unit and the setting that mends it.
    """
    duration = config.simulation.duration
    if config.dataset.rescale_time != 1 or (not isinstance(duration, str) and duration >= LONGEST_SPEECH):
        return
    for part, trains in dataset.parts.items():
        last = trains.find_last_times()
        if last.size and last.min() > LONGEST_SPEECH:
            raise DataError(
                f"{dataset.name}, {part}: every sample is longer than {LONGEST_SPEECH / 1000:g} s "
                f"(half of them {np.median(last) / 1000:g} s or more), and no speech is; {_describe_remedy(trains)} "
                f"If they are that long, set simulation.duration, {LONGEST_SPEECH:g} ms or more."
            )
    if duration == "auto" and dataset.duration > LONGEST_SPEECH:
        times = dataset.train.times
        stray = int(np.searchsorted(dataset.train.offsets, int(times.argmax()), side="right")) - 1
        raise DataError(
            f"{dataset.name}, train, sample {stray}: its last spike is at {float(times.max()) / 1000:g} s, which "
            "would make all trials as long; set simulation.duration (ms) to crop samples there, or mend the file."
        )


def guess_unit(trains: SpikeTrains) -> tuple[str, float] | None:
    """The unit that most times of samples are probably in, and the factor that mends it; None where they look right."""
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
    """Describe, as the end of a sentence, the remedy where a trial loses most spikes, `lost` of them."""
    share = f"{100 * lost / trains.num_spikes:.0f} % of their spikes are lost: "
    return share + (
        _describe_remedy(trains) if guess_unit(trains) else "raise simulation.duration, or check the unit of times."
    )
