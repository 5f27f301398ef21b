"""Some samples of a set of spike trains, chosen without copying them, and cut into batches."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .events import SpikeTrains


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples `indices` of `trains`, of which spikes at `duration` or later are left out.

    Attributes
    ----------
    trains : where the samples lie; nothing is copied until a batch is cut.
    indices : (B,) which ones, in order.
    duration : of a trial, ms.
    """

    trains: SpikeTrains
    indices: np.ndarray
    duration: float

    @classmethod
    def all(cls, trains: SpikeTrains, duration: float) -> Samples:
        """Every sample of `trains`."""
        return cls(trains, np.arange(len(trains)), duration)

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def labels(self) -> np.ndarray:
        """(B,) classes."""
        return self.trains.labels[self.indices]

    @property
    def speakers(self) -> np.ndarray:
        """(B,) speakers; -1 where unknown."""
        return self.trains.speakers[self.indices]

    def batch(self, positions: np.ndarray) -> SpikeTrains:
        """A copy of the samples at some positions of `indices`, cropped to the trial."""
        return self.trains.select(self.indices[positions]).crop(self.duration)

    def batches(self, size: int) -> Iterator[SpikeTrains]:
        """All samples in order, `size` at a time; the last batch may be shorter."""
        for start in range(0, len(self), size):
            yield self.batch(np.arange(start, min(start + size, len(self))))

    def num_cropped(self) -> int:
        """How many samples are longer than the trial."""
        ends = self.trains.offsets[self.indices + 1]
        spiking = ends > self.trains.offsets[self.indices]
        last_spikes = self.trains.times[ends[spiking] - 1]
        return int(np.count_nonzero(last_spikes >= np.float32(self.duration)))

    def fingerprint(self) -> str:
        """Hexadecimal checksum of spikes, labels, speakers and choice: the same data gives the same."""
        checksum = zlib.crc32(f"{self.trains.num_units} {self.duration}".encode())
        trains = self.trains
        for array in (
            trains.times,
            trains.units,
            trains.offsets,
            trains.labels,
            trains.speakers,
            self.indices,
        ):
            checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return f"{checksum:08x}"


@dataclass(frozen=True)
class Partition:
    """What a run trains on, is steered by, and is tested on.

    Attributes
    ----------
    train : samples to learn from.
    validation, test : None where there are none.
    """

    train: Samples
    validation: Samples | None = None
    test: Samples | None = None

    @property
    def parts(self) -> dict[str, Samples]:
        """The parts there are, by name."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: samples for name, samples in named.items() if samples is not None}

    @property
    def held_out(self) -> dict[str, Samples]:
        """The parts that nothing is learned from, by name."""
        return {name: samples for name, samples in self.parts.items() if name != "train"}

    def fingerprints(self) -> dict[str, str]:
        """A checksum of each part."""
        return {name: samples.fingerprint() for name, samples in self.parts.items()}
