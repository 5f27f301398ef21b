"""Classes and speakers by name: every file numbers them in its own way, and only names say which are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import DataError
from ..events import SpikeTrains
from ..progress import LOG


def renumbered(numbers: np.ndarray, own: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Numbers of names in `own`, (B,) int32, as numbers of the same names in `names`; -1 where one is not there."""
    places = {name: k for k, name in enumerate(names)}
    table = np.array([*(places.get(name, -1) for name in own), -1], np.int32)
    return table[np.where((numbers >= 0) & (numbers < len(own)), numbers, len(own))]


def share_names(own: Sequence[str], names: Sequence[str]) -> bool:
    """Whether names say anything of how two lists belong together."""
    return not set(own).isdisjoint(names)


def with_classes_of(trains: SpikeTrains, own: Sequence[str], names: Sequence[str], where: str) -> SpikeTrains:
    """Samples labelled by `own` class names, labelled by `names`.

    Where the two have no name in common, they are different names for the same numbers; the log says so.

    Raises
    ------
    DataError
        A sample of a class that is not among `names`.
    """
    if not own or not names or tuple(own) == tuple(names[: len(own)]):
        return trains
    if not share_names(own, names):
        LOG.info("%s: classes are called %s, not %s; they are taken by number", where, own[0], names[0])
        return trains
    labels = renumbered(trains.labels, own, names)
    if (strange := np.flatnonzero(labels < 0)).size:
        label = int(trains.labels[strange[0]])
        called = repr(own[label]) if 0 <= label < len(own) else f"number {label}, which has no name"
        raise DataError(
            f"{where}, sample {strange[0]}: its class is {called}; classes to tell apart are {', '.join(names)}."
        )
    return replace(trains, labels=labels)
