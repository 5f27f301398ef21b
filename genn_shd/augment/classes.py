"""Choice of an epoch's samples: classes in equal numbers, or some classes only."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..datasets import Dataset
from ..errors import DataError, SettingError, unknown_name
from ..spikes.spike_trains import UNKNOWN, SpikeTrains
from ..system.spelling import find_positions
from .random_streams import RandomStreams


@dataclass(frozen=True)
class ClassBalance:
    """Equal classes: each epoch has as many random samples of a class as the smallest has (Nowotny et al. 2025)."""

    def count_samples(self, labels: np.ndarray) -> int:
        """Count the samples that are chosen out of those with the labels (N,).

        Raises
        ------
        DataError
            A sample of which nobody knows the class.
        """
        sizes = self._count_classes(labels)
        return len(sizes) * int(sizes.min(initial=len(labels)))

    def choose_samples(self, labels: np.ndarray, draws: RandomStreams) -> np.ndarray:
        """Positions in `labels` (N,), rising, with a source of random numbers for each sample.

        Raises
        ------
        DataError
            A sample of which nobody knows the class.
        """
        sizes = self._count_classes(labels)
        order = np.lexsort((draws.draw_uniform()[:, 0], labels))  # by class, and within a class at random
        rank = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.sort(order[rank < sizes.min(initial=len(labels))])

    def _count_classes(self, labels: np.ndarray) -> np.ndarray:
        """Samples of each class that occurs."""
        unlabelled = np.flatnonzero(labels == UNKNOWN)
        if unlabelled.size:
            raise DataError(f"class balance: sample {unlabelled[0]} has no label; give every training sample one.")
        return np.unique(labels, return_counts=True)[1]


@dataclass(frozen=True)
class ClassSubset:
    """Some classes of a data set; the others' samples are left out, and classes count from 0 in the order given.

    Attributes
    ----------
    classes : numbers or names, two or more, each once.
    """

    classes: tuple[int | str, ...]

    def __post_init__(self) -> None:
        if len(self.classes) < 2:
            raise SettingError(f"ClassSubset: classes = {list(self.classes)!r} must be two classes or more.")

    def __call__(self, dataset: Dataset) -> Dataset:
        """The data set with these classes only, in copies of its samples.

        Raises
        ------
        SettingError
            A class that the data set does not have, or one that is named twice.
        DataError
            A part of the data set that has no sample of these classes.
        """
        numbers = [_to_number(chosen, dataset.class_names) for chosen in self.classes]
        if len(set(numbers)) < len(numbers):
            raise SettingError(f"ClassSubset: classes = {list(self.classes)!r} names a class twice.")
        parts: dict[str, Any] = {name: _keep_classes(trains, numbers) for name, trains in dataset.parts.items()}
        return dataclasses.replace(dataset, class_names=tuple(dataset.class_names[c] for c in numbers), **parts)


def _to_number(chosen: int | str, class_names: Sequence[str]) -> int:
    if isinstance(chosen, str):
        if (number := find_positions([chosen], class_names)[0]) < 0:
            raise unknown_name("class", chosen, class_names)
        return number
    if not 0 <= chosen < len(class_names):
        raise SettingError(
            f"class {chosen!r} does not exist; there are {len(class_names)}, 0 to {len(class_names) - 1}."
        )
    return chosen


def _keep_classes(trains: SpikeTrains, classes: Sequence[int]) -> SpikeTrains:
    """The samples of some classes, labelled with where their class stands among them."""
    new_labels = np.full(max(classes) + 2, UNKNOWN, np.int32)  # the last one stands for all larger labels
    new_labels[list(classes)] = np.arange(len(classes))
    labels = new_labels[np.minimum(trains.labels, max(classes) + 1)]
    chosen = trains.select(np.flatnonzero(labels != UNKNOWN))
    return SpikeTrains.from_checked(
        chosen.times, chosen.units, chosen.offsets, labels[labels != UNKNOWN], chosen.speakers, chosen.num_units
    )
