"""Time bins: the time step of each input spike."""

from __future__ import annotations

import numpy as np


def assign_bins(times: np.ndarray, dt: float) -> np.ndarray:
    """Assign float32 times in ms to time bins (int32): floor(t / dt).

    A time that equals an edge to float32 precision is on the edge: 0.7 is in bin 7 of 0.1 ms, though 0.7f < 0.7.
    Times beyond the range of int32 are in the last bin, after every trial.
    """
    bins = times.astype(np.float64) * ((1.0 + 2.0**-23) / dt)
    return np.minimum(bins, np.iinfo(np.int32).max).astype(np.int32)
