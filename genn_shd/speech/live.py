"""Sound that arrives in chunks: detection of its onset, loudness, and the microphone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..errors import DataError
from .audio import resample_mono
from .preparation import SAMPLE_RATE

_SAMPLES_PER_MS = SAMPLE_RATE // 1000
THRESHOLD = 40.0
"""Threshold for the onset of sound, dB below full scale."""

_ATTACK = 50.0  # ms at the onset over which loudness is first estimated


class Loudness:
    """Normalises loudness while sound arrives: scales each chunk by the energy of the sound so far.

    Parameters
    ----------
    rms : root mean square that the sound is scaled to.
    threshold : dB below full scale; samples before the first one above it are dropped.
    """

    def __init__(self, rms: float, threshold: float = THRESHOLD) -> None:
        self._rms, self._floor = rms, 10.0 ** (-threshold / 20.0)
        self._energy, self._count = 0.0, 0

    @property
    def has_begun(self) -> bool:
        """Whether a sample was above the threshold."""
        return self._count > 0

    def __call__(self, chunk: np.ndarray) -> np.ndarray:
        """Scale a chunk (N,). Samples before the first one above the threshold are dropped."""
        if not self.has_begun:
            loud = np.flatnonzero(np.abs(chunk) > self._floor)
            if not len(loud):
                return chunk[:0]
            chunk = chunk[loud[0] :]
        self._energy += float(np.square(chunk).sum())
        self._count += len(chunk)
        least = round(_ATTACK * _SAMPLES_PER_MS)
        level = np.sqrt(self._energy / max(self._count, least))
        return chunk * (self._rms / max(level, self._floor / 10.0))


def split_chunks(samples: np.ndarray, duration: int) -> Iterator[np.ndarray]:
    """Split samples (N,) into pieces of `duration` ms; the last one may be shorter."""
    size = duration * _SAMPLES_PER_MS
    return (samples[start : start + size] for start in range(0, len(samples), size))


def record_microphone(seconds: float) -> np.ndarray:
    """Record from the default microphone; return (N,) float64 at `SAMPLE_RATE`.

    Raises
    ------
    DataError
        There is no microphone, or `sounddevice` is missing.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: PortAudio is missing
        raise DataError(
            f"the microphone needs the package sounddevice and PortAudio ({error}): pip install sounddevice."
        ) from None
    try:
        rate = int(sounddevice.query_devices(kind="input")["default_samplerate"])
        samples = sounddevice.rec(round(seconds * rate), samplerate=rate, channels=1, dtype="float64")
        sounddevice.wait()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DataError(f"no sound can be recorded ({error}); give a file.") from None
    return resample_mono(samples, rate)
