"""Figures of merit: accuracies, confusion matrices, and sums over the batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ..backends.results import BatchResult


@dataclass
class RunningMetrics:
    """Sums over batches, from which means over samples follow.

    Attributes
    ----------
    samples : number of samples so far.
    loss : sum of their losses.
    correct : number of them predicted right.
    grazing : number of spikes so flat that their slope was bounded; see `BatchResult`.
    spikes : hidden population -> (N,) int64, spikes of each neuron in all samples.
    """

    samples: int = 0
    loss: float = 0.0
    correct: int = 0
    grazing: int = 0
    spikes: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, result: BatchResult, labels: np.ndarray, hidden: Iterable[str]) -> None:
        """Take in a batch of B labelled samples; `hidden` names the populations whose spikes count."""
        self.samples += len(labels)
        self.loss += result.loss * len(labels)
        self.correct += int(np.count_nonzero(result.predictions == labels))
        self.grazing += result.grazing
        for name in hidden:
            spikes = result.spike_counts[name].sum(axis=0, dtype=np.int64)
            self.spikes[name] = self.spikes[name] + spikes if name in self.spikes else spikes

    @property
    def mean_loss(self) -> float:
        return self.loss / self.samples

    @property
    def accuracy(self) -> float:
        """Part of the samples predicted right, 0 to 1."""
        return self.correct / self.samples

    @property
    def silent(self) -> dict[str, np.ndarray]:
        """Hidden population -> (N,) bool, the neurons without a single spike."""
        return {name: counts == 0 for name, counts in self.spikes.items()}

    def compute_spikes_per_neuron(self) -> float:
        """Mean over hidden neurons and samples."""
        neurons = sum(len(counts) for counts in self.spikes.values())
        spikes = sum(int(counts.sum()) for counts in self.spikes.values())
        return spikes / (neurons * self.samples)


def compute_accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Part of the samples predicted right, 0 to 1."""
    return float(np.mean(labels == predictions))


def count_confusion(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """(C, C) int64: in row l and column p, how many samples of class l were taken for class p."""
    pairs = labels.astype(np.int64) * num_classes + predictions
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


@dataclass(frozen=True)
class GroupAccuracy:
    """Accuracy within one group of samples, such as a class or a speaker."""

    group: int
    samples: int
    correct: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.samples


def compute_accuracy_by_group(labels: np.ndarray, predictions: np.ndarray, groups: np.ndarray) -> list[GroupAccuracy]:
    """Accuracy within each group that occurs, in the order of their numbers.

    Parameters
    ----------
    labels, predictions : (B,) classes.
    groups : (B,) integers >= 0, for example the labels themselves or the speakers; negative ones are left out.
    """
    correct = labels == predictions
    return [
        GroupAccuracy(int(group), int(np.sum(groups == group)), int(np.sum(correct[groups == group])))
        for group in np.unique(groups[groups >= 0])
    ]
