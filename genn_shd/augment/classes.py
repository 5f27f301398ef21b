"""Choice of samples by class: the same number of each class, or some classes only."""

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
    """Draws from each class, in every epoch, as many samples as the smallest class has (Nowotny et al. 2025)."""

    def count_samples(self, labels: np.ndarray) -> int:
        """Count the samples that `choose_samples` returns for the labels (N,).

        Raises
        ------
        DataError
            A sample has no label.
        """
        sizes = self._count_classes(labels)
        return len(sizes) * int(sizes.min(initial=len(labels)))

    def choose_samples(self, labels: np.ndarray, draws: RandomStreams) -> np.ndarray:
        """Return positions in `labels` (N,), rising; `draws` has random numbers for each sample.

        Raises
        ------
        DataError
            A sample has no label.
        """
        sizes = self._count_classes(labels)
        order = np.lexsort((draws.draw_uniform()[:, 0], labels))  # by class, and within a class at random
        rank = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.sort(order[rank < sizes.min(initial=len(labels))])

    def _count_classes(self, labels: np.ndarray) -> np.ndarray:
        """Count the samples of each class that occurs."""
        unlabelled = np.flatnonzero(labels == UNKNOWN)
        if unlabelled.size:
            raise DataError(f"class balance: sample {unlabelled[0]} has no label; give every training sample one.")
        return np.unique(labels, return_counts=True)[1]


@dataclass(frozen=True)
class ClassSubset:
    """Keeps the samples of some classes, which are numbered from 0 in the given order.

    Attributes
    ----------
    classes : numbers or names of two or more different classes.
    """

    classes: tuple[int | str, ...]

    def __post_init__(self) -> None:
        if len(self.classes) < 2:
            raise SettingError(f"ClassSubset: classes = {list(self.classes)!r} must be two classes or more.")

    def __call__(self, dataset: Dataset) -> Dataset:
        """Return a data set with copies of the samples of these classes.

        Raises
        ------
        SettingError
            A class is not in the data set, or is named twice.
        DataError
            A part of the data set has no sample of these classes.
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
    """Return the samples of some classes, labelled with the position of their class in `classes`."""
    new_labels = np.full(max(classes) + 2, UNKNOWN, np.int32)  # the last entry is for all larger labels
    new_labels[list(classes)] = np.arange(len(classes))
    labels = new_labels[np.minimum(trains.labels, max(classes) + 1)]
    chosen = trains.select(np.flatnonzero(labels != UNKNOWN))
    return SpikeTrains.from_checked(
        chosen.times, chosen.units, chosen.offsets, labels[labels != UNKNOWN], chosen.speakers, chosen.num_units
    )
