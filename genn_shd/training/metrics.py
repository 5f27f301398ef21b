"""Metrics: accuracies, confusion matrices, and sums over the batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ..backends.results import BatchResult


@dataclass
class RunningMetrics:
    """Sums over batches, and means over their samples.

    Attributes
    ----------
    samples : number of samples so far.
    loss : sum of their losses.
    correct : number of correctly predicted samples.
    grazing : number of grazing spikes, whose slope at the threshold was bounded; see `BatchResult`.
    spikes : hidden population -> (N,) int64, number of spikes of each neuron in all samples together.
    """

    samples: int = 0
    loss: float = 0.0
    correct: int = 0
    grazing: int = 0
    spikes: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, result: BatchResult, labels: np.ndarray, hidden: Iterable[str]) -> None:
        """Add the result of a batch with the labels (B,); `hidden` are the populations whose spikes are counted."""
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
        """Fraction of correctly predicted samples, 0 to 1."""
        return self.correct / self.samples

    @property
    def silent(self) -> dict[str, np.ndarray]:
        """Hidden population -> (N,) bool: the neurons that never spiked."""
        return {name: counts == 0 for name, counts in self.spikes.items()}

    def compute_spikes_per_neuron(self) -> float:
        """Compute the number of spikes per hidden neuron and sample, on average; 0 without hidden neurons."""
        neurons = sum(len(counts) for counts in self.spikes.values())
        spikes = sum(int(counts.sum()) for counts in self.spikes.values())
        return spikes / (neurons * self.samples) if neurons else 0.0


def compute_accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Compute the fraction of correctly predicted samples, 0 to 1."""
    return float(np.mean(labels == predictions))


def count_confusion(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """Count the confusion matrix, (C, C) int64: samples of class l that were predicted as p, in row l and column p."""
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
    """Compute the accuracy of each group that occurs, in the order of their numbers.

    Parameters
    ----------
    labels, predictions : (B,) classes.
    groups : (B,) integers, for example labels or speakers; samples with negative ones are ignored.
    """
    correct = labels == predictions
    return [
        GroupAccuracy(int(group), int(np.sum(groups == group)), int(np.sum(correct[groups == group])))
        for group in np.unique(groups[groups >= 0])
    ]
