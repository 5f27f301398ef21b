"""Match the classes and speakers of several files by name; every file may number them differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import DataError
from ..spikes.hdf5_file import SpikeFile
from ..system.display import show_name, show_names
from ..system.progress import LOG
from ..system.spelling import are_numbers, find_positions


def renumber(numbers: np.ndarray, own: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Replace the numbers of names in `own` by the numbers of the same names in `names`.

    Parameters
    ----------
    numbers : (B,) integers.
    own, names : names by number, before and after renumbering.

    Returns
    -------
    (B,) int32, -1 for a name that is not in `names`.
    """
    table = np.array([*find_positions(own, names), -1], np.int32)
    return table[np.where((numbers >= 0) & (numbers < len(own)), numbers, len(own))]


def match_by_name(file: SpikeFile, names: Sequence[str]) -> bool:
    """Whether classes of a file are matched with `names` by name; by number, if one of the two has no names.

    Raises
    ------
    DataError
        Both have names, but none in common.
    """
    own = file.class_names
    if max(find_positions(own, names), default=-1) >= 0:
        return True
    if not own or are_numbers(own) or are_numbers(names):
        return False
    raise DataError(
        f"{file.path}: its classes are {show_names(own)}; none of them is among {show_names(names)}. "
        "Classes of two files are matched by name; give them the same names (extra/keys), or remove the file's names."
    )


def renumber_classes(file: SpikeFile, names: Sequence[str]) -> SpikeFile:
    """Renumber the labels of a file to match the given class names; without names, return the file unchanged.

    If one of the two uses numbers as names, labels do not change, and the log says so.

    Raises
    ------
    DataError
        A sample has a class that is not among `names`, or there is no name in common.
    """
    if not names:
        return file
    own, trains = file.class_names, file.trains
    if own != tuple(names[: len(own)]):
        if match_by_name(file, names):
            trains = replace(trains, labels=_check_known(renumber(trains.labels, own, names), file, names))
        else:
            called = show_name(own[0]), show_name(names[0])
            LOG.info("%s: classes are called %s, not %s; they are matched by number", file.path, *called)
    return replace(file, trains=trains, class_names=tuple(names))


def renumber_speakers(file: SpikeFile, names: Sequence[str]) -> SpikeFile:
    """Renumber the speakers of a file to match `names`, which contain all of its names; without names, do nothing."""
    own, trains = file.speaker_names, file.trains
    if not own or not names:
        return file
    if own != tuple(names[: len(own)]):
        trains = replace(trains, speakers=renumber(trains.speakers, own, names))
    return replace(file, trains=trains, speaker_names=tuple(names))


def _check_known(labels: np.ndarray, file: SpikeFile, names: Sequence[str]) -> np.ndarray:
    """Return the labels; raise an error if one is -1."""
    if (strange := np.flatnonzero(labels < 0)).size:
        label = int(file.trains.labels[strange[0]])
        has_name = 0 <= label < len(file.class_names)
        called = repr(show_name(file.class_names[label])) if has_name else f"number {label}, which has no name"
        raise DataError(
            f"{file.path}, sample {strange[0]}: its class is {called}; allowed classes are {show_names(names)}."
        )
    return labels
