"""Classes and speakers by name: every file numbers them in its own way, and only names say which are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import DataError
from ..spikes.hdf5_file import SpikeFile
from ..system.display import show_name, show_names
from ..system.progress import LOG
from ..system.spelling import are_numbers, positions


def renumbered(numbers: np.ndarray, own: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Numbers of names in `own`, (B,) int32, as numbers of the same names in `names`; -1 where one is not there."""
    table = np.array([*positions(own, names), -1], np.int32)
    return table[np.where((numbers >= 0) & (numbers < len(own)), numbers, len(own))]


def go_by_name(file: SpikeFile, names: Sequence[str]) -> bool:
    """Whether classes of a file are found by name among `names`; by number where one of the two has numbers alone.

    Raises
    ------
    DataError
        Both have names, and none in common.
    """
    own = file.class_names
    if max(positions(own, names), default=-1) >= 0:
        return True
    if not own or are_numbers(own) or are_numbers(names):
        return False
    raise DataError(
        f"{file.path}: its classes are {show_names(own)}; none of them is among {show_names(names)}. "
        "Classes of two files are matched by name; give them the same names (extra/keys), or the file none."
    )


def with_classes_of(file: SpikeFile, names: Sequence[str]) -> SpikeFile:
    """A file whose labels are numbers of these class names; without any, the file as it is.

    Where one of the two names its classes by numbers alone, they are the same numbers; the log says so.

    Raises
    ------
    DataError
        A sample of a class that is not among `names`, or no name in common.
    """
    if not names:
        return file
    own, trains = file.class_names, file.trains
    if own != tuple(names[: len(own)]):
        if go_by_name(file, names):
            trains = replace(trains, labels=_known(renumbered(trains.labels, own, names), file, names))
        else:
            called = show_name(own[0]), show_name(names[0])
            LOG.info("%s: classes are called %s, not %s; they are taken by number", file.path, *called)
    return replace(file, trains=trains, class_names=tuple(names))


def with_speakers_of(file: SpikeFile, names: Sequence[str]) -> SpikeFile:
    """A file whose speakers are numbers of these names, which have all of its own; without any, the file as it is."""
    own, trains = file.speaker_names, file.trains
    if not own or not names:
        return file
    if own != tuple(names[: len(own)]):
        trains = replace(trains, speakers=renumbered(trains.speakers, own, names))
    return replace(file, trains=trains, speaker_names=tuple(names))


def _known(labels: np.ndarray, file: SpikeFile, names: Sequence[str]) -> np.ndarray:
    """The same labels, none of which is -1."""
    if (strange := np.flatnonzero(labels < 0)).size:
        label = int(file.trains.labels[strange[0]])
        has_name = 0 <= label < len(file.class_names)
        called = repr(show_name(file.class_names[label])) if has_name else f"number {label}, which has no name"
        raise DataError(
            f"{file.path}, sample {strange[0]}: its class is {called}; classes to tell apart are {show_names(names)}."
        )
    return labels
