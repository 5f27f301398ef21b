"""Elementary transformations of spike trains: move spikes to other channels."""

from __future__ import annotations

import numpy as np

from ..spikes.spike_trains import SpikeTrains, choose_unit_type


def move(trains: SpikeTrains, offsets: np.ndarray) -> SpikeTrains:
    """Every spike on another channel, by its offset (S,) int32; spikes that would leave the channels are dropped."""
    units = trains.units + offsets
    # As unsigned numbers those below 0 are the largest: one comparison for both ends.
    return keep_moved(trains, units.view(np.uint32) < trains.num_units, units)


def keep_moved(trains: SpikeTrains, which: np.ndarray, units: np.ndarray) -> SpikeTrains:
    """The spikes for which `which` (S,) holds, on other channels, which are within range there."""
    kept = replace(trains, trains.times, units, trains.offsets).keep(which)
    return replace(kept, kept.times, kept.units.astype(choose_unit_type(trains.num_units), copy=False), kept.offsets)


def replace(trains: SpikeTrains, times: np.ndarray, units: np.ndarray, offsets: np.ndarray) -> SpikeTrains:
    """Return the same samples with other spikes, which the caller has kept sorted and in range: nothing is checked."""
    return SpikeTrains.from_checked(times, units, offsets, trains.labels, trains.speakers, trains.num_units)


def average_by_sample(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(B,) float64, the mean over each sample's spikes of values (S,); nan for a sample without spikes."""
    counts = np.diff(offsets)
    filled = np.flatnonzero(counts)  # reduceat needs samples that are not empty; these lie one after another
    result = np.full(len(counts), np.nan)
    if filled.size:
        result[filled] = np.add.reduceat(values, offsets[filled], dtype=np.float64) / counts[filled]
    return result
