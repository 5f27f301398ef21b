"""Sort samples for the spike source: by sample, unit and time, as time bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from ...eventprop.schemes.bins import assign_bins
from ...spikes.spike_trains import SpikeTrains


@dataclass(frozen=True)
class SourceRows:
    """Samples for the spike source.

    Attributes
    ----------
    steps : (S,) time bins of all spikes, by sample, unit and time.
    starts : (B, N + 1) int32, index in `steps` of the first spike of each unit, and the end of the last unit.
    """

    steps: np.ndarray
    starts: np.ndarray


def sort_for_source(trains: SpikeTrains, num_units: int, num_steps: int, dt: float) -> SourceRows:
    """Sort samples for the spike source, in linear time; spikes after the trial are left out."""
    bins = assign_bins(trains.times, dt)
    sample = np.repeat(np.arange(len(trains), dtype=np.int32), np.diff(trains.offsets))
    inside = bins < num_steps
    place = (sample * np.int32(num_units) + trains.units)[inside]
    columns = np.arange(len(place), dtype=np.int32)
    shape = (len(trains) * num_units, max(1, len(place)))
    table = scipy.sparse.csr_matrix((np.ones(len(place), np.int8), (place, columns)), shape=shape)
    starts = np.empty((len(trains), num_units + 1), np.int32)
    starts[:, :-1] = table.indptr[:-1].reshape(len(trains), num_units)
    starts[:, -1] = table.indptr[num_units::num_units]
    dtype = np.uint16 if num_steps < 2**16 else np.int32
    return SourceRows(bins[inside][table.indices].astype(dtype), starts)
