"""Samples in the device's memory: whole data sets that stay, and the batches that are handed in one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...events import SpikeTrains
from ..base import Held
from .simulation import Simulation
from .spikes import SourceRows, source_rows

_ROOM = 1.5


@dataclass
class _Region:
    """A part of the memory: `rows` of it from row `first` on, and room for `capacity` spikes."""

    first: int
    rows: int
    capacity: int
    content: SourceRows | None = None


@dataclass(frozen=True, eq=False)
class HeldBatch:
    """Samples that are in the device's memory already: their rows there, and their labels; (B,) each."""

    memory: SampleMemory
    rows: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


class HeldOnDevice(Held):
    """A data set in the device's memory."""

    def __init__(self, samples: SpikeTrains, memory: SampleMemory) -> None:
        super().__init__(samples)
        self._memory, self._rows = memory, memory.hold(samples)

    def batch(self, indices: np.ndarray) -> HeldBatch:
        return HeldBatch(self._memory, self._rows[indices], self.samples.labels[indices])


class SampleMemory:
    """The arrays `spike_step` and `spike_start` of the spike source.

    Two regions take batches in turn, so that one can still be read while the next is written; data sets that stay
    follow. Memory grows as needed, by half more than is needed.
    """

    def __init__(self, simulation: Simulation, source: str, num_units: int, num_steps: int, dt: float, batch: int):
        self._simulation, self._source = simulation, source
        self._num_units, self._num_steps, self._dt = num_units, num_steps, dt
        self._regions = [_Region(0, batch, 0), _Region(batch, batch, 0)]
        self._steps, self._starts = np.empty(0), np.empty((0, 0))

    def write(self, half: int, samples: SpikeTrains) -> np.ndarray:
        """Put a batch into one of the two regions; returns the rows of its samples."""
        region = self._regions[half]
        region.content = source_rows(samples, self._num_units, self._num_steps, self._dt)
        if len(region.content.steps) > region.capacity or not len(self._steps):
            region.capacity = int(_ROOM * len(region.content.steps)) + 1
            self._lay_out()
        else:
            self._copy(half)
            self._push()
        return region.first + np.arange(len(samples), dtype=np.int32)

    def hold(self, samples: SpikeTrains) -> np.ndarray:
        """Keep a data set on the device; returns the rows of its samples, valid as long as the model."""
        content = source_rows(samples, self._num_units, self._num_steps, self._dt)
        first = self._regions[-1].first + self._regions[-1].rows
        self._regions.append(_Region(first, len(samples), len(content.steps), content))
        self._lay_out()
        return first + np.arange(len(samples), dtype=np.int32)

    def _lay_out(self) -> None:
        """Allocate for all regions and fill them."""
        rows = sum(region.rows for region in self._regions)
        spikes = sum(region.capacity for region in self._regions)
        self._steps = self._simulation.allocate(self._source, "spike_step", max(1, spikes))
        starts = self._simulation.allocate(self._source, "spike_start", rows * (self._num_units + 1))
        self._starts = starts.reshape(rows, self._num_units + 1)
        for index in range(len(self._regions)):
            self._copy(index)
        self._push()

    def _copy(self, index: int) -> None:
        region = self._regions[index]
        if region.content is None:
            return
        offset = sum(r.capacity for r in self._regions[:index])
        steps, starts = region.content.steps, region.content.starts
        self._steps[offset : offset + len(steps)] = steps
        self._starts[region.first : region.first + len(starts)] = starts + offset

    def _push(self) -> None:
        self._simulation.push(self._source, "spike_step")
        self._simulation.push(self._source, "spike_start")
