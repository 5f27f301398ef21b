"""Dataset: spike trains in parts (training, validation, test), with names of classes and speakers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from ..spikes.spike_trains import SpikeTrains
from ..system.display import show_name
from ..system.spelling import find_duplicate


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set: spike trains in parts, with names of classes and speakers.

    Attributes
    ----------
    name : name of the data set.
    train : training samples. `genn_shd.datasets.splits` divides them into training and validation samples.
    validation : the official validation set; None if there is none.
    test : the official test set; None if there is none.
    class_names : C names, by label; labels are 0 to C - 1.
    speaker_names : names by number of the speaker; empty if speakers are unknown.
    duration : suggested duration of a trial, ms; crop spikes at this time or later.

    Raises
    ------
    DataError
        A label or speaker has no name, a name is used twice, or parts have different numbers of input channels.
    """

    name: str
    train: SpikeTrains
    validation: SpikeTrains | None
    test: SpikeTrains | None
    class_names: tuple[str, ...]
    speaker_names: tuple[str, ...]
    duration: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.duration) and self.duration > 0):
            raise DataError(f"{self.name}: duration = {self.duration!r} must be a positive number of ms.")
        for what, names in (("class", self.class_names), ("speaker", self.speaker_names)):
            if alike := find_duplicate(names):
                called = " and ".join(dict.fromkeys(repr(show_name(name)) for name in alike))
                raise DataError(f"{self.name}: more than one {what} is called {called}; give them different names.")
        for part, trains in self.parts.items():
            self._check_part(part, trains)

    def _check_part(self, part: str, trains: SpikeTrains) -> None:
        where = f"{self.name}, {part}"
        if not len(trains):
            raise DataError(f"{where}: there are no samples; check the file, or the requested size.")
        if trains.num_units != self.num_input:
            raise DataError(
                f"{where}: {trains.num_units} input channels, but the training set has {self.num_input}; "
                "load both with the same num_units."
            )
        unlabelled = np.flatnonzero((trains.labels < 0) | (trains.labels >= self.num_classes))
        if unlabelled.size:
            raise DataError(
                f"{where}, sample {unlabelled[0]}: label {trains.labels[unlabelled[0]]} is out of range; "
                f"with {self.num_classes} classes, labels are 0 to {self.num_classes - 1}."
            )
        nameless = np.flatnonzero(trains.speakers >= max(1, len(self.speaker_names)))
        if self.speaker_names and nameless.size:
            raise DataError(
                f"{where}, sample {nameless[0]}: speaker {trains.speakers[nameless[0]]} has no name; "
                f"there are {len(self.speaker_names)} names, for speakers 0 to "
                f"{len(self.speaker_names) - 1}."
            )

    @property
    def num_input(self) -> int:
        """Number of input channels."""
        return self.train.num_units

    @property
    def num_classes(self) -> int:
        """C, the number of classes."""
        return len(self.class_names)

    @property
    def parts(self) -> dict[str, SpikeTrains]:
        """The existing parts by name: `train`, and `validation` and `test` if the data set has them."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: trains for name, trains in named.items() if trains is not None}
