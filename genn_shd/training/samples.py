"""Selections of samples, made without copies, and their batches."""

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
    """The samples `indices` of `trains`; nothing is copied until a batch is made.

    Attributes
    ----------
    trains : spike trains that contain the samples.
    indices : (B,) positions of the samples in `trains`, in order.
    """

    trains: SpikeTrains
    indices: np.ndarray

    @classmethod
    def from_all(cls, trains: SpikeTrains) -> Samples:
        """Select all samples of `trains`."""
        return cls(trains, np.arange(len(trains)))

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def labels(self) -> np.ndarray:
        """Labels of the samples, (B,) int32."""
        return self.trains.labels[self.indices]

    @property
    def speakers(self) -> np.ndarray:
        """Speakers of the samples, (B,) int32; -1 if unknown."""
        return self.trains.speakers[self.indices]

    def compute_fingerprint(self) -> str:
        """Compute a hexadecimal checksum of spikes, labels, speakers and indices."""
        trains = self.trains
        checksum = zlib.crc32(f"{trains.num_units}".encode())
        for array in (trains.times, trains.units, trains.offsets, trains.labels, trains.speakers, self.indices):
            checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return f"{checksum:08x}"

    def upload(self, model: Model) -> HeldSamples:
        """Upload these samples to a model."""
        return HeldSamples(self, model.upload(self.trains))


@dataclass(frozen=True, eq=False)
class HeldSamples:
    """Samples that were uploaded to a model, which takes them in batches.

    Attributes
    ----------
    samples : the selected samples.
    held : the data set that was uploaded to the model.
    """

    samples: Samples
    held: ResidentDataset

    def __len__(self) -> int:
        return len(self.samples)

    def make_batch(self, positions: np.ndarray) -> Any:
        """Make a batch for the model of the samples at some positions in `samples.indices`."""
        return self.held.select(self.samples.indices[positions])

    def make_batches(self, order: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, Any]]:
        """Make the samples at the positions `order`, `size` at a time, and yield pairs of labels and batch.

        The last batch may be shorter.
        """
        for start in range(0, len(order), size):
            positions = order[start : start + size]
            yield self.samples.labels[positions], self.make_batch(positions)


@dataclass(frozen=True)
class Partition:
    """Training, validation and test samples of a run.

    Attributes
    ----------
    train : training samples.
    validation, test : validation and test samples; None if there are none.
    """

    train: Samples
    validation: Samples | None = None
    test: Samples | None = None

    @property
    def parts(self) -> dict[str, Samples]:
        """The parts that exist, by name: `train`, `validation`, `test`."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: samples for name, samples in named.items() if samples is not None}

    @property
    def held_out(self) -> dict[str, Samples]:
        """The parts that are not trained on, by name: `validation`, `test`."""
        return {name: samples for name, samples in self.parts.items() if name != "train"}

    def compute_fingerprints(self) -> dict[str, str]:
        """Compute a checksum of each part."""
        return {name: samples.compute_fingerprint() for name, samples in self.parts.items()}


def upload_parts(model: Model, parts: Mapping[str, Samples]) -> dict[str, HeldSamples]:
    """Upload parts of a partition to a model; spike trains that several parts share are uploaded once."""
    held: dict[int, ResidentDataset] = {}
    for samples in parts.values():
        if id(samples.trains) not in held:
            held[id(samples.trains)] = model.upload(samples.trains)
    return {name: HeldSamples(samples, held[id(samples.trains)]) for name, samples in parts.items()}
