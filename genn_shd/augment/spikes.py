"""Elementary transformations of spike trains: keep some spikes, move them to other channels."""

from __future__ import annotations

import numpy as np

from ..spikes.spike_trains import SpikeTrains, unit_type


def keep(trains: SpikeTrains, which: np.ndarray) -> SpikeTrains:
    """The same samples with some of their spikes: `which` is (S,) bool."""
    return keep_moved(trains, which, trains.units)


def move(trains: SpikeTrains, offsets: np.ndarray) -> SpikeTrains:
    """Every spike on another channel, by its offset (S,) int32; spikes that would leave the channels are dropped."""
    units = trains.units + offsets
    # As unsigned numbers those below 0 are the largest: one comparison for both ends.
    return keep_moved(trains, units.view(np.uint32) < trains.num_units, units)


def keep_moved(trains: SpikeTrains, which: np.ndarray, units: np.ndarray) -> SpikeTrains:
    """As `keep`, with other channels, which are within range where `which` holds."""
    kept = np.flatnonzero(which)
    times = trains.times
    if len(kept) < len(times):
        times, units = times.take(kept), units.take(kept)
    return replace(
        trains, times, units.astype(unit_type(trains.num_units), copy=False), np.searchsorted(kept, trains.offsets)
    )


def replace(trains: SpikeTrains, times: np.ndarray, units: np.ndarray, offsets: np.ndarray) -> SpikeTrains:
    """The same samples with other spikes, which the caller has kept sorted and in range: nothing is checked."""
    return SpikeTrains.unchecked(times, units, offsets, trains.labels, trains.speakers, trains.num_units)


def means(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(B,) float64, the mean over each sample's spikes of values (S,); nan for a sample without spikes."""
    counts = np.diff(offsets)
    filled = np.flatnonzero(counts)  # reduceat needs samples that are not empty; these lie one after another
    result = np.full(len(counts), np.nan)
    if filled.size:
        result[filled] = np.add.reduceat(values, offsets[filled], dtype=np.float64) / counts[filled]
    return result
