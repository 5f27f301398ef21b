"""Test-time augmentation: the mean output for a sample and augmented copies of it.

A network that was trained on changed samples recognises most changed copies of a new one, and errs differently on each.
Images are classified by several crops for the same reason (Krizhevsky, Sutskever & Hinton 2012).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..augment import Augmentation
from ..backends.base import Model
from ..config.schema import Config
from ..system.progress import LOG, CountingBar
from .data import build_augmentation, prepare_for_evaluation
from .evaluation import Evaluation, evaluate
from .samples import Samples


def evaluate_with_copies(model: Model, samples: Samples, config: Config) -> Evaluation:
    """Evaluate a model on samples with `config.evaluation.copies` augmented copies of each, and show a bar of progress.

    Logits are means over a sample and its copies. The loss and the spike counts are those of the samples themselves, so
    they are comparable with evaluations during training.

    Parameters
    ----------
    model : the model; its parameters do not change.
    samples : labelled samples, not yet prepared for evaluation.
    config : resolved configuration; the copies depend on `training.seed` and on the settings of augmentation.
    """
    copies, augmentation = config.evaluation.copies, build_augmentation(config)
    if copies and augmentation.without_choice.is_empty:
        LOG.warning("evaluation.copies = %d has no effect: no setting of [augmentation] changes a sample", copies)
        copies = 0
    with CountingBar((1 + copies) * math.ceil(len(samples) / model.batch_size), "batches") as bar:
        evaluation = evaluate(model, prepare_for_evaluation(config, samples).upload(model), bar.update)
        logits = evaluation.logits.astype(np.float64)
        for number in range(1, 1 + copies):
            logits += _compute_logits(model, samples, augmentation, config.training.seed, number, bar.update)
    return replace(evaluation, logits=logits / (1 + copies), copies=copies)


def _compute_logits(
    model: Model,
    samples: Samples,
    augmentation: Augmentation,
    seed: int,
    number: int,
    after_batch: Callable[[], None],
) -> np.ndarray:
    """Compute the logits (B, C) of copy `number` of each sample."""
    copies = augmentation.prepare_copy(samples.trains, samples.indices, model.duration, seed, number)
    logits = []
    for _, batch in copies.make_batches(np.arange(len(copies)), model.batch_size):
        logits.append(model.evaluate_batch(batch).logits)
        after_batch()
    return np.concatenate(logits)
