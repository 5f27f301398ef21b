"""One recording -> spikes, however long it is."""

from __future__ import annotations

import numpy as np

from .cochlea import Cochlea, Spikes
from .preparation import Preparation, prepare
from .stream import encode_long

LONG = 10_000.0
"""ms from which a recording is encoded in pieces."""


def encode_samples(ear: Cochlea, samples: np.ndarray, preparation: Preparation, seed: int) -> Spikes:
    """Spikes of one recording (N,) at `SAMPLE_RATE`: times (S,) in ms and channels (S,).

    Raises
    ------
    DataError
        There is nothing in it.
    """
    waveform = prepare(samples, preparation)
    if waveform.duration > LONG:
        return encode_long(ear, waveform.samples, waveform.duration, seed)
    return ear.encode(waveform, seed)
