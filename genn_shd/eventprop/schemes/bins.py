"""Time bins: the step in which an input spike falls."""

from __future__ import annotations

import numpy as np


def assign_bins(times: np.ndarray, dt: float) -> np.ndarray:
    """Time bins (int32) of float32 times in ms: floor(t / dt), a time that equals a bin's edge to float32 counting
    as on the edge (0.7 is in bin 7 of 0.1 ms, though 0.7f is below 0.7). What is later than an int32 can say is in the
    last bin, after every trial."""
    bins = times.astype(np.float64) * ((1.0 + 2.0**-23) / dt)
    return np.minimum(bins, np.iinfo(np.int32).max).astype(np.int32)
