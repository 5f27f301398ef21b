"""Evaluation of a model on samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..backends.base import Model
from ..runs.evaluation_report import EvaluationReport, GroupReport, Operations
from .metrics import GroupAccuracy, RunningMetrics, compute_accuracy, compute_accuracy_by_group, count_confusion
from .samples import HeldSamples


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Loss, outputs and spike counts of a model for B labelled samples.

    Attributes
    ----------
    loss : mean loss over the samples.
    labels, speakers : (B,) int.
    logits : (B, C), before `loss_scale`; with augmented copies, the mean over a sample and its copies.
    spikes : hidden population -> (N,) int64, number of spikes of each neuron in all samples together.
    copies : number of augmented copies of each sample.
    """

    loss: float
    labels: np.ndarray
    speakers: np.ndarray
    logits: np.ndarray
    spikes: Mapping[str, np.ndarray]
    copies: int = 0

    @property
    def predictions(self) -> np.ndarray:
        """The classes with the largest logits, (B,) int."""
        return np.argmax(self.logits, axis=1)

    @property
    def spikes_per_neuron(self) -> float:
        """Number of spikes per hidden neuron and sample, on average."""
        return RunningMetrics(samples=len(self.labels), spikes=dict(self.spikes)).compute_spikes_per_neuron()

    @property
    def accuracy(self) -> float:
        """Fraction of correctly predicted samples, 0 to 1."""
        return compute_accuracy(self.labels, self.predictions)

    @property
    def by_class(self) -> list[GroupAccuracy]:
        """Accuracy of each class that occurs."""
        return compute_accuracy_by_group(self.labels, self.predictions, self.labels)

    @property
    def by_speaker(self) -> list[GroupAccuracy]:
        """Accuracy of each known speaker."""
        return compute_accuracy_by_group(self.labels, self.predictions, self.speakers)

    def count_confusion(self, num_classes: int) -> np.ndarray:
        """Count the confusion matrix, (C, C) int64: rows are true classes, columns predicted ones."""
        return count_confusion(self.labels, self.predictions, num_classes)

    @classmethod
    def pool(cls, evaluations: Sequence[Evaluation]) -> Evaluation:
        """Combine the samples of several evaluations into one evaluation."""
        weights = [len(evaluation.labels) for evaluation in evaluations]
        return cls(
            loss=float(np.average([e.loss for e in evaluations], weights=weights)),
            labels=np.concatenate([e.labels for e in evaluations]),
            speakers=np.concatenate([e.speakers for e in evaluations]),
            logits=np.concatenate([e.logits for e in evaluations]),
            spikes={name: np.sum([e.spikes[name] for e in evaluations], axis=0) for name in evaluations[0].spikes},
            copies=evaluations[0].copies,
        )


def evaluate(model: Model, samples: HeldSamples, after_batch: Callable[[], None] = lambda: None) -> Evaluation:
    """Evaluate a model on samples.

    Parameters
    ----------
    model : the model; its parameters do not change.
    samples : labelled samples, uploaded to the model.
    after_batch : called after every batch; an exception that it raises ends the evaluation.
    """
    metrics, logits = RunningMetrics(), []
    for labels, batch in samples.make_batches(np.arange(len(samples)), model.batch_size):
        result = model.evaluate_batch(batch)
        metrics.add(result, labels, model.network.hidden)
        logits.append(result.logits)
        after_batch()
    return Evaluation(
        loss=metrics.mean_loss,
        labels=samples.samples.labels,
        speakers=samples.samples.speakers,
        logits=np.concatenate(logits),
        spikes=metrics.spikes,
    )


def summarise_evaluation(
    evaluation: Evaluation, operations: Operations, class_names: Sequence[str], speaker_names: Sequence[str]
) -> EvaluationReport:
    """Make a report of an evaluation, with the names of classes and speakers."""
    return EvaluationReport(
        samples=len(evaluation.labels),
        copies=evaluation.copies,
        accuracy=evaluation.accuracy,
        loss=evaluation.loss,
        spikes_per_neuron=evaluation.spikes_per_neuron,
        operations=operations,
        by_class=_name_groups(evaluation.by_class, class_names),
        by_speaker=_name_groups(evaluation.by_speaker, speaker_names),
        confusion=evaluation.count_confusion(len(class_names)).tolist(),
    )


def _name_groups(groups: Sequence[GroupAccuracy], names: Sequence[str]) -> dict[str, GroupReport]:
    return {names[group.group]: GroupReport(group.samples, group.correct, group.accuracy) for group in groups}
