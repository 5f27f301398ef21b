"""Elementary transformations of spike trains."""

from __future__ import annotations

import numpy as np

from ..spikes.spike_trains import SpikeTrains, choose_unit_type


def move(trains: SpikeTrains, offsets: np.ndarray) -> SpikeTrains:
    """Move each spike by a number of channels, `offsets` (S,) int32; drop spikes that leave the channels."""
    units = trains.units + offsets
    # As unsigned numbers, those below 0 are the largest: one comparison tests both limits.
    return keep_moved(trains, units.view(np.uint32) < trains.num_units, units)


def keep_moved(trains: SpikeTrains, which: np.ndarray, units: np.ndarray) -> SpikeTrains:
    """Keep the spikes for which `which` (S,) is true, on other channels `units` (S,), valid for these spikes."""
    kept = replace(trains, trains.times, units, trains.offsets).keep(which)
    return replace(kept, kept.times, kept.units.astype(choose_unit_type(trains.num_units), copy=False), kept.offsets)


def replace(trains: SpikeTrains, times: np.ndarray, units: np.ndarray, offsets: np.ndarray) -> SpikeTrains:
    """Return the samples with other spikes, which must be sorted and in range; nothing is checked."""
    return SpikeTrains.from_checked(times, units, offsets, trains.labels, trains.speakers, trains.num_units)


def average_by_sample(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Average values (S,) over the spikes of each sample: (B,) float64, nan for a sample without spikes."""
    counts = np.diff(offsets)
    filled = np.flatnonzero(counts)  # reduceat needs samples with spikes; these follow one another
    result = np.full(len(counts), np.nan)
    if filled.size:
        result[filled] = np.add.reduceat(values, offsets[filled], dtype=np.float64) / counts[filled]
    return result
