"""Sound files as they are found -> one channel at the ear's sampling rate."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ..errors import DataError
from .preparation import SAMPLE_RATE

SUFFIXES = (".wav", ".flac", ".ogg")
LONGEST = 3600.0
"""Seconds of sound that are taken from one file at most: all of it is in memory at once."""

_RATES = (1_000, 1_000_000)  # Hz; a header that says something else is broken


def read(path: str | os.PathLike[str], crop: float | None = None) -> np.ndarray:
    """A file's sound: all channels averaged, resampled, full scale = 1.

    Parameters
    ----------
    path : WAV, FLAC or OGG, of any sampling rate, width and number of channels.
    crop : ms to read from its start; None for all.

    Returns
    -------
    (N,) float64 at `SAMPLE_RATE`.

    Raises
    ------
    DataError
        The file is missing, no sound, empty, longer than `LONGEST`, or holds samples that are no numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file; check the path.")
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            samples, rate = _samples(file, crop), file.samplerate
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path}: no sound file ({error.error_string.strip('. ')}); give WAV, FLAC or OGG.") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return to_ear(samples, rate)


def to_ear(samples: np.ndarray, rate: float) -> np.ndarray:
    """(N,) or (N, channels) at `rate` Hz -> (M,) float64 at `SAMPLE_RATE`."""
    mono = np.asarray(samples, np.float64)
    mono = mono.mean(axis=1) if mono.ndim > 1 else mono
    return mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE, quality="VHQ")


def find(paths: list[Path]) -> list[Path]:
    """Sound files among `paths` and below folders among them, each once, in order of their names.

    Raises
    ------
    DataError
        A path that does not exist, or no sound file at all.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"{path}: no such file or folder; check the path.")
        below = path.rglob("*") if path.is_dir() else [path]
        found += sorted(p for p in below if p == path or (p.suffix.lower() in SUFFIXES and p.is_file()))
    if not found:
        raise DataError(f"{', '.join(map(str, paths))}: no {', '.join(SUFFIXES)} file there.")
    return list(dict.fromkeys(found))


def _samples(file: soundfile.SoundFile, crop: float | None) -> np.ndarray:
    """(frames, channels) float64."""
    lowest, highest = _RATES
    if not lowest <= file.samplerate <= highest:
        raise DataError(f"{file.samplerate} samples a second; {lowest} to {highest} are possible.")
    frames = file.frames if crop is None else min(file.frames, int(np.ceil(crop / 1000.0 * file.samplerate)))
    if frames > LONGEST * file.samplerate:
        raise DataError(
            f"{frames / file.samplerate:.0f} s long; cut it into pieces of {LONGEST:.0f} s at most, or crop."
        )
    samples = file.read(frames, dtype="float64", always_2d=True)
    if not len(samples):
        raise DataError("there are no samples in it.")
    if not np.isfinite(samples).all():
        raise DataError("some of its samples are no finite numbers; export it again.")
    return samples
