"""The memory of the spike source: uploaded data sets, and single batches."""

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
    """A region of the memory.

    Attributes
    ----------
    first, rows : first row, and number of rows.
    capacity : largest number of spikes.
    content : samples in the region; None if it is free.
    """

    first: int
    rows: int
    capacity: int
    content: SourceRows | None = None


class SampleMemory:
    """The arrays `spike_step` and `spike_start` of the spike source.

    Two regions alternate for batches, so that one can be read while the other is written; uploaded data sets follow.
    Memory grows as needed. GeNN cannot free it, so regions are used again.
    """

    def __init__(self, simulation: Simulation, source: Population, trial: Trial, batch_size: int) -> None:
        self._simulation, self._source = simulation, source.name
        self._num_units, self._trial = source.size, trial
        self._regions = [Region(0, batch_size, 0), Region(batch_size, batch_size, 0)]
        self._steps, self._starts = np.empty(0), np.empty((0, 0))

    def write(self, half: int, samples: SpikeTrains) -> np.ndarray:
        """Write a batch to one of the two regions; return the rows of its samples, (B,)."""
        region = self._regions[half]
        self._fill(region, self._sort_rows(samples), _ROOM)
        return region.first + np.arange(len(samples), dtype=np.int32)

    def occupy(self, samples: SpikeTrains) -> Region:
        """Store a data set until its region is vacated."""
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
        """Allocate and fill all regions."""
        rows = sum(region.rows for region in self._regions)
        spikes = sum(region.capacity for region in self._regions)
        self._steps = self._simulation.allocate(self._source, "spike_step", max(1, spikes))
        starts = self._simulation.allocate(self._source, "spike_start", rows * (self._num_units + 1))
        self._starts = starts.reshape(rows, self._num_units + 1)
        for region in self._regions:
            self._copy(region)

    def _copy(self, region: Region) -> None:
        """Copy one region to the device."""
        content = region.content  # another thread may vacate the region
        if content is None:
            return
        steps, starts = content.steps, content.starts
        offset = sum(r.capacity for r in self._regions[: self._regions.index(region)])
        self._steps[offset : offset + len(steps)] = steps
        self._starts[region.first : region.first + len(starts)] = starts + offset
        width = self._num_units + 1
        self._simulation.push_part(self._source, "spike_step", offset, len(steps))
        self._simulation.push_part(self._source, "spike_start", region.first * width, len(starts) * width)
