"""Evaluate a model on parts of the data, and count its operations there."""

from __future__ import annotations

from collections.abc import Mapping

from ..backends.base import Model
from ..config.schema import Config
from ..runs.evaluation_report import Operations
from .copies import evaluate_with_copies
from .data import prepare_for_evaluation
from .evaluation import Evaluation
from .operations import count_operations
from .samples import Samples


def evaluate_parts(
    model: Model, parts: Mapping[str, Samples], config: Config
) -> tuple[dict[str, Evaluation], dict[str, Operations]]:
    """Evaluate a model on each part of the data, and count its operations per sample.

    Parameters
    ----------
    model : the model; its parameters do not change.
    parts : part of the data -> labelled samples, not yet prepared for evaluation.
    config : resolved configuration; `evaluation.copies` is the number of augmented copies of each sample.

    Returns
    -------
    Part of the data -> its evaluation; part of the data -> operations per sample, without copies.
    """
    evaluations = {name: evaluate_with_copies(model, samples, config) for name, samples in parts.items()}
    operations = {
        name: count_operations(model, prepare_for_evaluation(config, parts[name]), evaluation.spikes, config.report)
        for name, evaluation in evaluations.items()
    }
    return evaluations, operations
