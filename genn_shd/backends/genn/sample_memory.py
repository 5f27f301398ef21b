"""Samples in the device's memory: whole data sets that stay, and the batches that are handed in one by one."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np

from ...spikes.spike_trains import SpikeTrains
from ..base import ResidentDataset
from .simulation import Simulation
from .spikes import SourceRows, source_rows

_ROOM = 1.5


@dataclass(eq=False)
class _Region:
    """A part of the memory: `rows` of it from row `first` on, and room for `capacity` spikes."""

    first: int
    rows: int
    capacity: int
    content: SourceRows | None = None


@dataclass(frozen=True, eq=False)
class HeldBatch:
    """Samples that are in the device's memory already: their rows there, and their labels; (B,) each. They are numbers
    `indices` of `held`, which stays in memory for as long as this."""

    memory: SampleMemory
    rows: np.ndarray
    labels: np.ndarray
    held: HeldOnDevice
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def samples(self) -> SpikeTrains:
        """The samples themselves, gathered anew."""
        return self.held.samples.select(self.indices)


class HeldOnDevice(ResidentDataset):
    """A data set in the device's memory, for as long as anything refers to this."""

    def __init__(self, samples: SpikeTrains, memory: SampleMemory) -> None:
        super().__init__(samples)
        self._memory, region = memory, memory.occupy(samples)
        self._first = region.first
        weakref.finalize(self, memory.vacate, region)

    def batch(self, indices: np.ndarray) -> HeldBatch:
        rows = self._first + np.arange(len(self.samples), dtype=np.int32)[indices]
        return HeldBatch(self._memory, rows, self.samples.labels[indices], self, indices)


class SampleMemory:
    """The arrays `spike_step` and `spike_start` of the spike source.

    Two regions take batches in turn, so that one can still be read while the next is written; data sets that stay
    follow. Memory grows as needed; GeNN does not give any back, so what is vacated is used again.
    """

    def __init__(
        self, simulation: Simulation, source: str, num_units: int, num_steps: int, dt: float, batch_size: int
    ) -> None:
        self._simulation, self._source = simulation, source
        self._num_units, self._num_steps, self._dt = num_units, num_steps, dt
        self._regions = [_Region(0, batch_size, 0), _Region(batch_size, batch_size, 0)]
        self._steps, self._starts = np.empty(0), np.empty((0, 0))

    def write(self, half: int, samples: SpikeTrains) -> np.ndarray:
        """Put a batch into one of the two regions; returns the rows of its samples."""
        region = self._regions[half]
        self._fill(region, self._rows(samples), _ROOM)
        return region.first + np.arange(len(samples), dtype=np.int32)

    def occupy(self, samples: SpikeTrains) -> _Region:
        """Keep a data set until it is vacated."""
        free = (r for r in self._regions[2:] if r.content is None and r.rows >= len(samples))
        region = next(free, None)
        if region is None:
            last = self._regions[-1]
            region = _Region(last.first + last.rows, len(samples), -1)
            self._regions.append(region)
        self._fill(region, self._rows(samples), 1.0)
        return region

    def vacate(self, region: _Region) -> None:
        """What the region holds is not needed any more."""
        region.content = None

    def _rows(self, samples: SpikeTrains) -> SourceRows:
        return source_rows(samples, self._num_units, self._num_steps, self._dt)

    def _fill(self, region: _Region, content: SourceRows, room: float) -> None:
        region.content = content
        if len(content.steps) > region.capacity or not len(self._steps):
            region.capacity = int(room * len(content.steps)) + 1
            self._lay_out()
        else:
            self._copy(region)

    def _lay_out(self) -> None:
        """Allocate for all regions and fill them."""
        rows = sum(region.rows for region in self._regions)
        spikes = sum(region.capacity for region in self._regions)
        self._steps = self._simulation.allocate(self._source, "spike_step", max(1, spikes))
        starts = self._simulation.allocate(self._source, "spike_start", rows * (self._num_units + 1))
        self._starts = starts.reshape(rows, self._num_units + 1)
        for region in self._regions:
            self._copy(region)

    def _copy(self, region: _Region) -> None:
        """Bring a region to the device, and nothing else."""
        content = region.content  # may be vacated meanwhile
        if content is None:
            return
        steps, starts = content.steps, content.starts
        offset = sum(r.capacity for r in self._regions[: self._regions.index(region)])
        self._steps[offset : offset + len(steps)] = steps
        self._starts[region.first : region.first + len(starts)] = starts + offset
        width = self._num_units + 1
        self._simulation.push_part(self._source, "spike_step", offset, len(steps))
        self._simulation.push_part(self._source, "spike_start", region.first * width, len(starts) * width)
