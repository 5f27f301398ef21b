"""Data sets from files in the layout of SHD: `load` reads them, `write_spike_file` writes such a file."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated

import numpy as np

from .._moved import serve_old_names
from ..errors import DataError, SettingError
from ..spikes.hdf5_file import SpikeFile, read_spike_file, write_spike_file
from ..spikes.spike_trains import UNKNOWN, SpikeTrains
from ..system.described import described
from ..system.numbers import check_whole
from ..system.spelling import find_positions
from .base import Dataset
from .names import renumber_classes, renumber_speakers

__all__ = ["combine", "load", "write_spike_file"]

__getattr__ = serve_old_names(__name__, {"read": "read_spike_file", "write": "write_spike_file"})

_MOST_CLASSES = 10_000  # a confusion matrix needs memory in proportion to the square of this
_ROUND_TO = 10.0  # ms; a suggested duration is a multiple of it

Path = str | os.PathLike[str]


def load(
    path: Annotated[Path, described("HDF5 file of training samples", is_path=True)],
    test_path: Annotated[
        Path | None, described("HDF5 file of test samples; default: no test set", is_path=True)
    ] = None,
    validation_path: Annotated[
        Path | None, described("HDF5 file of the samples for validation.kind = 'official'", is_path=True)
    ] = None,
    num_units: Annotated[int, described("number of input channels", ge=1)] = 700,
    num_classes: Annotated[int | None, described("number of classes; default: that of the file", ge=1)] = None,
) -> Dataset:
    """Load training, test and validation samples from one file each, in the layout of SHD.

    Parameters
    ----------
    path, test_path, validation_path : the files; None for the last two if there are no such samples.
    num_units : number of input channels; units in the files are 0 to `num_units` - 1.
    num_classes : labels in the files are 0 to `num_classes` - 1. None means as many as the training file
        names (`extra/keys`) or, where it names none, as many as occur in it.

    Raises
    ------
    DataError
        A file cannot be used; the message names it and the sample.
    SettingError
        A number of channels or classes is not allowed.
    """
    check_whole("num_units", num_units, 1)
    if num_classes is not None:
        check_whole("num_classes", num_classes, 1)
        if num_classes > _MOST_CLASSES:
            raise SettingError(f"num_classes = {num_classes} is not allowed; it must be at most {_MOST_CLASSES}.")
    files = {"train": read_spike_file(path, num_units)}
    if validation_path is not None:
        files["validation"] = read_spike_file(validation_path, num_units)
    if test_path is not None:
        files["test"] = read_spike_file(test_path, num_units)
    return combine_files(files, num_classes)


def combine_files(files: dict[str, SpikeFile], num_classes: int | None = None, name: str = "hdf5") -> Dataset:
    """Make a data set from files that have been read, as `load` does.

    Parameters
    ----------
    files : files by part: `train`, and `validation` and `test` if there are any.
    num_classes : as for `load`.
    name : name of the data set.

    Raises
    ------
    DataError
        As for `load`.
    """
    class_names = files["train"].class_names
    if num_classes is not None and num_classes != len(class_names):
        class_names = tuple(map(str, range(num_classes)))
    return combine(name, files, class_names or _number_classes(files["train"]))


def combine(
    name: str, files: dict[str, SpikeFile], class_names: tuple[str, ...], duration: float | None = None
) -> Dataset:
    """Make a data set from the files of its parts. Files that name classes or speakers may number them differently.

    Parameters
    ----------
    name : name of the data set.
    files : files by part: `train`, and `validation` and `test` if there are any.
    class_names : one name for each class.
    duration : suggested duration of a trial, ms; None means the shortest multiple of 10 ms that holds every
        training spike.

    Raises
    ------
    DataError
        A label or speaker has no name, or a class is not in the training file.
    """
    known = files["train"].class_names
    known = known if known == class_names else ()  # without known names, classes are matched by number
    speakers = _list_speakers(files)
    trains = {part: renumber_speakers(renumber_classes(f, known), speakers).trains for part, f in files.items()}
    if not speakers:
        trains, speakers = _number_speakers(trains)
    return Dataset(
        name=name,
        train=trains["train"],
        validation=trains.get("validation"),
        test=trains.get("test"),
        class_names=class_names,
        speaker_names=speakers,
        duration=suggest_duration(trains["train"].duration) if duration is None else duration,
    )


def _list_speakers(files: dict[str, SpikeFile]) -> tuple[str, ...]:
    """List the speakers of all parts, beginning with the training file; none if that file has no names."""
    names = files["train"].speaker_names
    for file in files.values() if names else ():
        there = find_positions(file.speaker_names, names)
        names = (*names, *(name for name, place in zip(file.speaker_names, there, strict=True) if place < 0))
    return names


def _number_classes(file: SpikeFile) -> tuple[str, ...]:
    """Name the classes of a file without names by their numbers; raise an error if labels are not consecutive."""
    occurring = np.unique(file.trains.labels)
    if not occurring.size:
        raise DataError(f"{file.path}: there are no samples; check the file.")
    num_classes = int(occurring[-1]) + 1
    if occurring[0] == 0 and occurring.size == num_classes:
        return tuple(map(str, range(num_classes)))
    raise DataError(
        f"{file.path}: labels run from {occurring[0]} to {occurring[-1]}, but only {occurring.size} "
        "different ones occur; set num_classes, or write the names of the classes to extra/keys."
    )


def _number_speakers(parts: dict[str, SpikeTrains]) -> tuple[dict[str, SpikeTrains], tuple[str, ...]]:
    """Name speakers without names by their numbers; return the parts and the names.

    Numbers below the number of samples are kept. Larger ones may be hashes of names, for example; then the speakers
    that occur are numbered from 0, so that the list of names stays short.
    """
    occurring = np.unique(np.concatenate([trains.speakers for trains in parts.values()]))
    occurring = occurring[occurring != UNKNOWN]
    if not occurring.size:
        return parts, ()
    if occurring[-1] < sum(map(len, parts.values())):
        return parts, tuple(map(str, range(int(occurring[-1]) + 1)))
    numbered = {part: replace(trains, speakers=_renumber(trains.speakers, occurring)) for part, trains in parts.items()}
    return numbered, tuple(map(str, occurring.tolist()))


def _renumber(speakers: np.ndarray, occurring: np.ndarray) -> np.ndarray:
    return np.where(speakers == UNKNOWN, UNKNOWN, np.searchsorted(occurring, speakers))


def suggest_duration(last_spike: float) -> float:
    """Return the shortest multiple of 10 ms after the last spike, or the next float32 if that rounds to the spike."""
    after = float(np.nextafter(np.float32(last_spike), np.float32(np.inf)))  # 10 ms more may round to the same time
    return max((last_spike // _ROUND_TO + 1) * _ROUND_TO, after)
