"""Prepare a recording for the cochlea: crop, trim, scale its loudness, fade in and out, add silence.

Loudness and fading are as in the Spiking Heidelberg Digits (Cramer et al. 2020).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from ..errors import DataError, SettingError

SAMPLE_RATE = 48_000
"""Sampling rate of sound after reading, Hz."""

MAX_SILENCE = 60_000.0
"""Longest silence before and after a sound, ms; it is in memory, and is encoded."""

_SAMPLES_PER_MS = SAMPLE_RATE // 1000
BUCKET = 100 * _SAMPLES_PER_MS
"""Silence extends sounds to multiples of this, samples, so that transforms are fast."""

TRIM = 40.0
"""Sound at start and end that is this much quieter than the peak, dB, is removed before a word is classified."""


@dataclass(frozen=True)
class Preparation:
    """Settings of the preparation of a recording.

    Attributes
    ----------
    rms : root mean square to which every recording is scaled; full scale is 1.
    flank : duration of fading in and out (Hann window), ms.
    silence : duration of silence before and after, ms.
    crop : duration to keep from the start of a recording, ms; None keeps all.
    trim : remove the start and the end of a recording that are more than this many dB below its peak; None keeps them.
    """

    rms: float = 0.3
    flank: float = 20.0
    silence: float = 50.0
    crop: float | None = None
    trim: float | None = None

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if value is None and setting.default is None:
                continue
            least = 0.0 if setting.name in ("flank", "silence") else math.ulp(0.0)
            most = MAX_SILENCE if setting.name == "silence" else math.inf
            if not (math.isfinite(value) and least <= value <= most):
                allowed = "0 or more" if least == 0.0 else "more than 0"
                limit = f" and at most {most:g}" if math.isfinite(most) else ""
                raise SettingError(f"{setting.name} = {value!r} is not allowed; it must be {allowed}{limit}.")


@dataclass(frozen=True)
class Waveform:
    """A prepared sound for the cochlea.

    Attributes
    ----------
    samples : (N,) float64 at `SAMPLE_RATE`.
    duration : duration, ms, without the silence that was added to make the transform fast.
    """

    samples: np.ndarray
    duration: float


def prepare(samples: np.ndarray, preparation: Preparation) -> Waveform:
    """Crop, trim and scale a recording (N,) at `SAMPLE_RATE`, fade it in and out, and add silence.

    Raises
    ------
    DataError
        The recording has no samples, or all of them are the same.
    """
    sound = _crop(np.asarray(samples, np.float64), preparation.crop)
    if not len(sound):
        raise DataError("there are no samples in it.")
    check_not_constant(sound)
    sound = sound - sound.mean()
    peak = np.abs(sound).max()
    if preparation.trim is not None:
        loud = np.flatnonzero(np.abs(sound) >= peak * 10.0 ** (-preparation.trim / 20.0))
        sound = sound[loud[0] : loud[-1] + 1]
    sound = sound * (preparation.rms / np.sqrt(np.mean(np.square(sound / peak))) / peak)
    _fade(sound, round(preparation.flank * _SAMPLES_PER_MS))
    silence = round(preparation.silence * _SAMPLES_PER_MS)
    return _pad_to_fast_length(np.pad(sound, silence))


def check_not_constant(sound: np.ndarray) -> None:
    """Raise an error for samples (N,) that are all the same: they have no loudness to normalise.

    Call this on the original samples: after resampling or subtraction of the mean they differ by rounding.

    Raises
    ------
    DataError
        All samples are the same.
    """
    if len(sound) and sound.max() - sound.min() <= np.finfo(np.float32).tiny:
        raise DataError("the recording is silent: all samples are the same.")


def _crop(sound: np.ndarray, duration: float | None) -> np.ndarray:
    return sound if duration is None else sound[: math.ceil(duration * _SAMPLES_PER_MS)]


def _fade(sound: np.ndarray, length: int) -> None:
    """Fade in and out over `length` samples (Hann window), in place; less for a short sound."""
    length = min(length, len(sound) // 2)
    if length:
        rise = np.hanning(2 * length)[:length]
        sound[:length] *= rise
        sound[-length:] *= rise[::-1]


def _pad_to_fast_length(sound: np.ndarray) -> Waveform:
    """Append silence, to a length N for which N / 2 + 1, the length of the transform, has only small factors."""
    buckets = -(-(len(sound) + 2) // BUCKET)
    return Waveform(np.pad(sound, (0, buckets * BUCKET - 2 - len(sound))), len(sound) / _SAMPLES_PER_MS)
