"""Read and write one file in the layout of the Spiking Heidelberg Digits.

    spikes/times    one variable-length array of floats a sample, s
    spikes/units    one variable-length array of integers a sample, the input channel of each spike
    labels          one integer a sample, the class
    extra/speaker                     one integer a sample, who speaks      (may be missing)
    extra/file                        the name of each sample's recording   (may be missing)
    extra/keys                        the names of the classes              (may be missing)
    extra/meta_info/speaker_names     the names of the speakers             (may be missing)
    extra/left_out/file, .../reason   recordings that could not be used, and why (only where there are any)

The files are described by Cramer et al. 2020, "The Heidelberg spiking data sets for the systematic evaluation
of spiking neural networks" (IEEE Trans. Neural Netw. Learn. Syst. 33, 2744).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import DTypeLike

from .._moved import serve_old_names
from ..errors import DataError
from ..system import outputs
from ..system.files import write_hdf5
from ..system.progress import LOG
from .hdf5_claims import check_claim, check_heaps, check_rows
from .spike_trains import UNKNOWN, SpikeTrains, choose_unit_type

__getattr__ = serve_old_names(__name__, {"read": "read_spike_file", "write": "write_spike_file"})

MS_PER_S = 1000.0

_CHUNK = 32  # samples read at once: enough for full speed, with little memory


@dataclass(frozen=True, eq=False)
class SpikeFile:
    """Content of one file in the layout of the Spiking Heidelberg Digits.

    Attributes
    ----------
    path : the file.
    trains : its samples.
    class_names : names by label; empty if the file has none.
    speaker_names : names by number of the speaker; empty if the file has none.
    """

    path: Path
    trains: SpikeTrains
    class_names: tuple[str, ...]
    speaker_names: tuple[str, ...]


def read_spike_file(path: str | os.PathLike[str], num_units: int) -> SpikeFile:
    """Read a file of spikes in the layout of the Spiking Heidelberg Digits.

    Spikes that are out of order are sorted by time; the log says in how many samples.

    Parameters
    ----------
    path : the file.
    num_units : number of input channels; units in the file are 0 to `num_units` - 1.

    Raises
    ------
    DataError
        The file is missing, truncated, not HDF5 or not in this layout; lengths differ; a time is not finite or is
        negative; a unit is out of range. The message names the file and the sample.
    """
    with _name_in_errors(path), open_file(path) as file:
        times, units, offsets = _read_spikes(file, num_units)
        if num_sorted := _sort_samples(times, units, offsets):
            message = "%s: %d of %d samples have spikes out of order; they are sorted by time"
            LOG.info(message, path, num_sorted, len(offsets) - 1)
        return _to_spike_file(file, times, units, offsets, num_units)


def write_spike_file(
    path: str | os.PathLike[str],
    trains: SpikeTrains,
    class_names: Sequence[str] = (),
    speaker_names: Sequence[str] = (),
    time_type: DTypeLike = np.float64,
    files: Sequence[str] = (),
    left_out: Sequence[tuple[str, str]] = (),
    mark: str = "",
) -> None:
    """Write a file of spikes in the layout of the Spiking Heidelberg Digits.

    The file appears under its name only when it is complete.

    Parameters
    ----------
    path : the file; an existing one is replaced.
    trains : the samples, with labels. Speakers are written if any is known.
    class_names, speaker_names : names by label and by speaker; not written if empty.
    time_type : type of the times in the file. With float64, reading returns exactly the same times; the published
        files have a lower precision.
    files : the name of each sample's recording; not written if empty.
    left_out : names of recordings that could not be used, each with the reason.
    mark : name of the command that writes the file (`genn_shd.system.outputs`); not written if empty.

    Raises
    ------
    GennShdError
        The folder is missing or read-only, or the disk is full.
    """

    def fill(file: h5py.File) -> None:
        _write_spikes(file, trains, np.dtype(time_type))
        file["labels"] = trains.labels
        if (trains.speakers != UNKNOWN).any():
            file["extra/speaker"] = trains.speakers
        if mark:
            file.attrs[outputs.ATTRIBUTE] = mark
        _write_names(file, "extra/file", files)
        _write_names(file, "extra/left_out/file", [name for name, _ in left_out])
        _write_names(file, "extra/left_out/reason", [reason for _, reason in left_out])
        _write_names(file, "extra/keys", class_names)
        _write_names(file, "extra/meta_info/speaker_names", speaker_names)

    write_hdf5(Path(path), fill)


@contextmanager
def open_file(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; errors while reading are raised as a DataError of one line.

    Raises
    ------
    DataError
        The file is missing, damaged or not an HDF5 file.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path.")
    if not path.is_file():
        raise DataError(f"{path}: not a file; give the path of one HDF5 file.")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path}: {_explain_unreadable(error)}") from None
    with file:
        try:
            yield file
        except (OSError, RuntimeError, KeyError) as error:
            raise DataError(f"{path}: damaged ({_join_lines(error)}); copy or download it again.") from None


def read_integers(file: h5py.File, key: str, num_samples: int) -> np.ndarray:
    """Read a dataset (num_samples,) of one integer for each sample.

    Raises
    ------
    DataError
        The key is missing, or its dataset has another shape or type.
    """
    column = _get_dataset(file, key)
    if column.shape != (num_samples,):
        raise DataError(
            f"{key} has shape {column.shape} but spikes/times holds {num_samples} samples; give one value per sample."
        )
    if not np.issubdtype(column.dtype, np.integer):
        raise DataError(f"{key} holds {column.dtype}; it must hold integers.")
    check_claim(column)
    return column[:]


def _explain_unreadable(error: OSError) -> str:
    reason = _join_lines(error)
    if "file signature not found" in reason:
        return "not an HDF5 file; a data set in SHD's layout is needed (spikes/times, spikes/units, labels)."
    if "truncated file" in reason:
        return "truncated: the file is shorter than it says; copy or download it again."
    return f"cannot be opened ({reason})."


def _join_lines(error: Exception) -> str:
    return " ".join(str(error).split())


@contextmanager
def _name_in_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Add the name of the file to every DataError that lacks it."""
    try:
        yield
    except DataError as error:
        if str(error).startswith(str(path)):
            raise
        raise DataError(f"{path}: {error}") from None


def _as_text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "backslashreplace")


def _get_dataset(file: h5py.File, key: str) -> h5py.Dataset:
    found = file.get(key)
    if not isinstance(found, h5py.Dataset):
        keys: list[str] = []  # h5py returns a name that is not UTF-8 as bytes
        file.visititems(lambda name, node: keys.append(_as_text(name)) if isinstance(node, h5py.Dataset) else None)
        raise DataError(
            f"{key} is missing; SHD's layout has spikes/times, spikes/units and labels, "
            f"this file has {', '.join(keys) or 'nothing'}."
        )
    return found


def _get_ragged(file: h5py.File, key: str, kind: type, meaning: str) -> h5py.Dataset:
    """Return a dataset with one variable-length array for each sample."""
    found = _get_dataset(file, key)
    inner = h5py.check_vlen_dtype(found.dtype)
    if found.ndim != 1 or inner is None or not np.issubdtype(inner, kind):
        raise DataError(
            f"{key} holds {inner or found.dtype} of shape {found.shape}; "
            f"it must hold one variable-length array of {meaning} per sample."
        )
    check_claim(found)
    return found


def _read_spikes(file: h5py.File, num_units: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read times (S,) float32 in ms, units (S,) and offsets (B + 1,); times are not checked yet."""
    time_rows = _get_ragged(file, "spikes/times", np.floating, "floats (s)")
    unit_rows = _get_ragged(file, "spikes/units", np.integer, "integers")
    if len(time_rows) != len(unit_rows):
        raise DataError(
            f"spikes/times holds {len(time_rows)} samples but spikes/units holds {len(unit_rows)}; write it again."
        )
    if (heaps := check_heaps(file)) is not None:
        check_rows(time_rows, heaps)
        check_rows(unit_rows, heaps)
    times, units = _Buffer(np.float32), _Buffer(choose_unit_type(num_units))
    counts = np.zeros(len(time_rows), np.int64)
    for start in range(0, len(time_rows), _CHUNK):
        span = slice(start, start + _CHUNK)
        chunk_times, chunk_units = _read_rows(time_rows, span), _read_rows(unit_rows, span)
        counts[span] = [len(row) for row in chunk_times]
        _check_chunk(start, counts[span], chunk_units, num_units)
        # Scaled in float64: in float16, the product with 1000 would round times more coarsely than the file does.
        times.append(np.concatenate(chunk_times).astype(np.float64) * MS_PER_S)
        units.append(np.concatenate(chunk_units))
    return times.finish(), units.finish(), np.concatenate([[0], np.cumsum(counts)])


def _read_rows(dataset: h5py.Dataset, span: slice) -> list[np.ndarray]:
    """Read some variable-length rows, in the byte order of the file."""
    kind = h5py.check_vlen_dtype(dataset.dtype)
    if _is_byte_order_lost(kind):
        return [row.view(kind) for row in dataset[span]]
    return list(dataset[span])


@lru_cache
def _is_byte_order_lost(kind: np.dtype) -> bool:
    """Whether h5py returns rows of this type in the file's byte order but with a native type (as 3.16 does)."""
    one = np.ones(1, kind)
    with h5py.File("probe", "w", driver="core", backing_store=False) as file:
        dataset = file.create_dataset("rows", (1,), h5py.vlen_dtype(kind))
        dataset[0] = one  # has the type of the file, so writing converts nothing
        return not np.array_equal(dataset[0], one)


def _check_chunk(start: int, counts: np.ndarray, rows: Sequence[np.ndarray], num_units: int) -> None:
    """Raise an error for lengths that differ and for units out of range, which would wrap around when converted."""
    for sample, (count, row) in enumerate(zip(counts, rows, strict=True), start):
        if len(row) != count:
            raise DataError(f"sample {sample}: {count} times but {len(row)} units; every spike needs one of each.")
        if count and not (row.min() >= 0 and row.max() < num_units):
            wrong = row[(row < 0) | (row >= num_units)][0]
            raise DataError(
                f"sample {sample}: unit {wrong} is out of range; "
                f"with num_units = {num_units}, units are 0 to {num_units - 1}."
            )


class _Buffer:
    """An array that grows in place, so that memory never holds a second copy of all spikes."""

    def __init__(self, dtype: DTypeLike) -> None:
        self._array = np.empty(0, dtype)
        self._size = 0

    def append(self, values: np.ndarray) -> None:
        end = self._size + len(values)
        if end > len(self._array):
            self._array.resize(end + end // 8, refcheck=False)
        self._array[self._size : end] = values
        self._size = end

    def finish(self) -> np.ndarray:
        self._array.resize(self._size, refcheck=False)
        return self._array


def _sort_samples(times: np.ndarray, units: np.ndarray, offsets: np.ndarray) -> int:
    """Sort the spikes of each sample by time, in place; spikes at the same time keep their order.

    Returns the number of samples that were out of order.
    """
    num_sorted = 0
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        own = times[start:end]
        if (own[1:] < own[:-1]).any():
            order = np.argsort(own, kind="stable")
            times[start:end] = own[order]
            units[start:end] = units[start:end][order]
            num_sorted += 1
    return num_sorted


def _to_spike_file(
    file: h5py.File, times: np.ndarray, units: np.ndarray, offsets: np.ndarray, num_units: int
) -> SpikeFile:
    num_samples = len(offsets) - 1
    speakers = np.full(num_samples, UNKNOWN)
    if "extra/speaker" in file:
        speakers = read_integers(file, "extra/speaker", num_samples)
    labels = read_integers(file, "labels", num_samples)
    return SpikeFile(
        Path(file.filename),
        SpikeTrains(times, units, offsets, labels, speakers, num_units),
        _read_names(file, "extra/keys"),
        _read_names(file, "extra/meta_info/speaker_names"),
    )


def _read_names(file: h5py.File, key: str) -> tuple[str, ...]:
    if key not in file:
        return ()
    names = _get_dataset(file, key)
    check_claim(names)
    values = np.ravel(names[()])
    return tuple(v.decode("utf-8", "surrogateescape") if isinstance(v, bytes) else str(v) for v in values)


def _write_spikes(file: h5py.File, trains: SpikeTrains, time_type: np.dtype) -> None:
    shape = (len(trains),)
    all_times = file.create_dataset("spikes/times", shape, h5py.vlen_dtype(time_type))
    all_units = file.create_dataset("spikes/units", shape, h5py.vlen_dtype(trains.units.dtype))
    for sample, (times, units) in enumerate(trains):
        all_times[sample] = (times.astype(np.float64) / MS_PER_S).astype(time_type)
        all_units[sample] = units


def _write_names(file: h5py.File, key: str, names: Sequence[str]) -> None:
    if names:
        file[key] = np.array([name.encode("utf-8", "surrogateescape") for name in names])
