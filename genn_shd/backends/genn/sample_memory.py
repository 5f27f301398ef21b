"""The spike source's memory: whole data sets that stay, and batches that are handed in one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...network.network import Population
from ...spikes.spike_trains import SpikeTrains
from .simulation import Simulation
from .spikes import SourceRows, sort_for_source
from .trial import Trial

_ROOM = 1.5


@dataclass(eq=False)
class Region:
    """A part of the memory.

    Attributes
    ----------
    first, rows : its first row, and how many it has.
    capacity : room for spikes.
    content : samples in it; None where it is free.
    """

    first: int
    rows: int
    capacity: int
    content: SourceRows | None = None


class SampleMemory:
    """The arrays `spike_step` and `spike_start` of the spike source.

    Two regions take batches in turn, so that one can still be read while the next is written; data sets that stay
    follow. Memory grows as needed; GeNN does not give any back, so what is vacated is used again.
    """

    def __init__(self, simulation: Simulation, source: Population, trial: Trial, batch_size: int) -> None:
        self._simulation, self._source = simulation, source.name
        self._num_units, self._trial = source.size, trial
        self._regions = [Region(0, batch_size, 0), Region(batch_size, batch_size, 0)]
        self._steps, self._starts = np.empty(0), np.empty((0, 0))

    def write(self, half: int, samples: SpikeTrains) -> np.ndarray:
        """Put a batch into one of the two regions; returns the rows of its samples, (B,)."""
        region = self._regions[half]
        self._fill(region, self._sort_rows(samples), _ROOM)
        return region.first + np.arange(len(samples), dtype=np.int32)

    def occupy(self, samples: SpikeTrains) -> Region:
        """Keep a data set until its region is vacated."""
        free = (r for r in self._regions[2:] if r.content is None and r.rows >= len(samples))
        region = next(free, None)
        if region is None:
            last = self._regions[-1]
            region = Region(last.first + last.rows, len(samples), -1)
            self._regions.append(region)
        self._fill(region, self._sort_rows(samples), 1.0)
        return region

    def vacate(self, region: Region) -> None:
        """Free a region for another data set."""
        region.content = None

    def _sort_rows(self, samples: SpikeTrains) -> SourceRows:
        return sort_for_source(samples, self._num_units, self._trial.num_steps, self._trial.dt)

    def _fill(self, region: Region, content: SourceRows, room: float) -> None:
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

    def _copy(self, region: Region) -> None:
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
