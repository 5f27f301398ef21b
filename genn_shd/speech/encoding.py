"""Encode one recording of any length as spikes."""

from __future__ import annotations

import numpy as np

from .cochlea import Cochlea, Spikes
from .preparation import Preparation, prepare
from .stream import encode_long

LONG_RECORDING = 10_000.0
"""Longer recordings than this, ms, are encoded in pieces."""


def encode_samples(ear: Cochlea, samples: np.ndarray, preparation: Preparation, seed: int) -> Spikes:
    """Encode one recording (N,) at `SAMPLE_RATE` as spikes: times (S,) float32, ms, and channels (S,) uint16.

    Raises
    ------
    DataError
        The recording has no samples, or all of them are the same.
    """
    waveform = prepare(samples, preparation)
    if waveform.duration > LONG_RECORDING:
        return encode_long(ear, waveform.samples, waveform.duration, seed)
    return ear.encode(waveform, seed)
