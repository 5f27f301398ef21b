"""Some samples of a set of spike trains, chosen without copying them, and cut into batches."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backends.base import Model, ResidentDataset
from ..spikes.spike_trains import SpikeTrains


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples `indices` of `trains`; nothing is copied until a batch is cut.

    Attributes
    ----------
    trains : where the samples lie.
    indices : (B,) which ones, in order.
    """

    trains: SpikeTrains
    indices: np.ndarray

    @classmethod
    def from_all(cls, trains: SpikeTrains) -> Samples:
        """Every sample of `trains`."""
        return cls(trains, np.arange(len(trains)))

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

    def compute_fingerprint(self) -> str:
        """Hexadecimal checksum of spikes, labels, speakers and choice: the same samples give the same."""
        trains = self.trains
        checksum = zlib.crc32(f"{trains.num_units}".encode())
        for array in (trains.times, trains.units, trains.offsets, trains.labels, trains.speakers, self.indices):
            checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return f"{checksum:08x}"

    def upload(self, model: Model) -> HeldSamples:
        """Upload these samples to where a model reads them."""
        return HeldSamples(self, model.upload(self.trains))


@dataclass(frozen=True, eq=False)
class HeldSamples:
    """Samples that a model holds, to be given to it in batches.

    Attributes
    ----------
    samples : which ones.
    held : where they lie.
    """

    samples: Samples
    held: ResidentDataset

    def __len__(self) -> int:
        return len(self.samples)

    def make_batch(self, positions: np.ndarray) -> Any:
        """The samples at some positions of `samples.indices`, as a batch for the model."""
        return self.held.select(self.samples.indices[positions])

    def make_batches(self, order: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, Any]]:
        """The samples at the positions `order`, `size` at a time, as pairs of labels and batch.

        The last batch may be shorter.
        """
        for start in range(0, len(order), size):
            positions = order[start : start + size]
            yield self.samples.labels[positions], self.make_batch(positions)


@dataclass(frozen=True)
class Partition:
    """The samples that a run trains on, is steered by, and is tested on.

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

    def compute_fingerprints(self) -> dict[str, str]:
        """A checksum of each part."""
        return {name: samples.compute_fingerprint() for name, samples in self.parts.items()}


def upload_parts(model: Model, parts: Mapping[str, Samples]) -> dict[str, HeldSamples]:
    """Parts of a partition where a model reads them; spike trains that parts share are held once."""
    held: dict[int, ResidentDataset] = {}
    for samples in parts.values():
        if id(samples.trains) not in held:
            held[id(samples.trains)] = model.upload(samples.trains)
    return {name: HeldSamples(samples, held[id(samples.trains)]) for name, samples in parts.items()}
