"""Read sound files of any sampling rate and number of channels, and convert them to one channel at `SAMPLE_RATE`."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ..errors import DataError
from .containers import COPY_AGAIN, check_whole
from .preparation import SAMPLE_RATE, check_not_constant

SUFFIXES = (".wav", ".flac", ".ogg")
_FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG")
MAX_SECONDS = 3600.0
"""Longest sound in one file, s; all of it is in memory."""

_RATES = (1_000, 1_000_000)  # Hz; a header with another rate is damaged
_BLOCK = 1 << 18  # samples that are read at once
_UNKNOWN = 1 << 62  # a header with this number of samples, or more, states no number


class _Stream(soundfile.SoundFile):
    """A sound file that is read from start to end, the only way to read files of unknown length."""

    def seekable(self) -> bool:
        return False


def read(path: str | os.PathLike[str], crop: float | None = None) -> np.ndarray:
    """Read a sound file: average its channels and resample; full scale is 1.

    Incomplete files are errors, also with `crop`: those shorter than their header states, and damaged ones, as far as
    the format shows it (FLAC and OGG have checksums, WAV does not). A file that states no length is read to its end.

    Parameters
    ----------
    path : WAV, FLAC or OGG, of any sampling rate, width and number of channels.
    crop : duration to read from its start, ms; None for all.

    Returns
    -------
    (N,) float64 at `SAMPLE_RATE`.

    Raises
    ------
    DataError
        The file is missing, not a sound file, empty, incomplete or longer than `MAX_SECONDS`, or its samples are all
        the same or not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file; check the path.")
    try:
        return resample_mono(*_read_samples(check_whole(path), crop))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path.") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def resample_mono(samples: np.ndarray, rate: float) -> np.ndarray:
    """Average channels and resample (N,) or (N, channels) at `rate` Hz to (M,) float64 at `SAMPLE_RATE`.

    Raises
    ------
    DataError
        All samples are the same; after resampling, rounding would make them differ.
    """
    mono = np.asarray(samples, np.float64)
    mono = mono.mean(axis=1) if mono.ndim > 1 else mono
    check_not_constant(mono)
    return mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE, quality="VHQ")


def find_sound_files(paths: list[Path]) -> list[Path]:
    """Find the sound files among `paths` and in folders among them, each once, in order of their names.

    Raises
    ------
    DataError
        A path does not exist, or there is no sound file.
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


def _read_samples(source: Path | io.BytesIO, crop: float | None) -> tuple[np.ndarray, int]:
    """Read the samples (N,) float64 of a file that was checked; return them and the sampling rate, Hz."""
    try:
        file = _Stream(os.fsencode(source) if isinstance(source, Path) else source)
    except soundfile.LibsndfileError as error:
        raise DataError(f"not a sound file ({error.error_string.strip('. ')}); give WAV, FLAC or OGG.") from None
    with file:
        _check_kind(file)
        rate = file.samplerate
        most = int(MAX_SECONDS * rate)
        wanted = file.frames if crop is None else min(file.frames, int(np.ceil(crop / 1000.0 * rate)))
        if most < wanted < _UNKNOWN:
            raise _make_length_error(f"{wanted / rate:.0f} s")
        samples = _read_first(file, min(wanted, most + 1))
    if len(samples) > most:
        raise _make_length_error(f"more than {MAX_SECONDS:.0f} s")
    if not len(samples):
        raise DataError("there are no samples in it.")
    if not np.isfinite(samples).all():
        raise DataError("some of its samples are not finite; export it again.")
    return samples, rate


def _read_first(file: soundfile.SoundFile, count: int) -> np.ndarray:
    """Read the first samples, (count,), or fewer if a file of unknown length ends earlier.

    FLAC is always read to its end, because only this shows whether it is complete.
    """
    parts, done, frames = [np.empty(0)], 0, file.frames
    try:
        while done < count or (file.format == "FLAC" and done < frames):
            block = file.read(min(_BLOCK, frames - done), dtype="float64", always_2d=True)
            if not len(block):
                break
            parts.append(block[: max(0, count - done)].mean(axis=1))
            done += len(block)
    except soundfile.LibsndfileError:
        raise DataError(f"a part of it is damaged or missing; {COPY_AGAIN}") from None
    if done < min(count, frames) and frames < _UNKNOWN:
        raise DataError(f"it ends after {100 * done / frames:.0f} % of what its header states; {COPY_AGAIN}")
    return np.concatenate(parts)


def _check_kind(file: soundfile.SoundFile) -> None:
    lowest, highest = _RATES
    if file.format not in _FORMATS:
        raise DataError(f"{file.format} is not supported, as it may be incomplete unnoticed; give WAV, FLAC or OGG.")
    if not lowest <= file.samplerate <= highest:
        raise DataError(f"{file.samplerate} samples per second are not allowed; {lowest} to {highest} are.")


def _make_length_error(duration: str) -> DataError:
    return DataError(f"{duration} long; divide it into pieces of at most {MAX_SECONDS:.0f} s, or crop it.")
