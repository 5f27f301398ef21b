"""Data sets in the memory of the device, and batches selected from them."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np

from ...spikes.spike_trains import SpikeTrains
from ..base import ResidentDataset
from .sample_memory import SampleMemory


@dataclass(frozen=True, eq=False)
class ResidentBatch:
    """A batch of samples that are in the memory of the device.

    Attributes
    ----------
    rows, labels : (B,), rows of the memory and labels of the samples.
    dataset : the data set, which stays in memory as long as this batch exists.
    indices : (B,), numbers of the samples in the data set.
    """

    rows: np.ndarray
    labels: np.ndarray
    dataset: DeviceDataset
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def gather_samples(self) -> SpikeTrains:
        """Gather the samples as spike trains."""
        return self.dataset.samples.select(self.indices)


Batch = SpikeTrains | ResidentBatch


def gather_spike_trains(batch: Batch) -> SpikeTrains:
    """Return the samples of a batch as spike trains, also if they are on the device."""
    return batch.gather_samples() if isinstance(batch, ResidentBatch) else batch


class DeviceDataset(ResidentDataset):
    """A data set in the memory of the device, as long as this object exists.

    Parameters
    ----------
    samples : the data set.
    memory : of the model that it is for.
    """

    def __init__(self, samples: SpikeTrains, memory: SampleMemory) -> None:
        super().__init__(samples)
        region = memory.occupy(samples)
        self.memory, self._first = memory, region.first
        weakref.finalize(self, memory.vacate, region)

    def select(self, indices: np.ndarray) -> ResidentBatch:
        """Select a batch of samples, in the given order."""
        rows = self._first + np.arange(len(self.samples), dtype=np.int32)[indices]
        return ResidentBatch(rows, self.samples.labels[indices], self, indices)
