"""The state of a batch between its forward and its backward pass."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...network.network import SpikeCountRegularisation
from ..formulae import compute_total_excess, count_signal
from ..results import Arrays, BatchResult


@dataclass
class BatchState:
    """A batch of B samples between its forward and its backward pass.

    Attributes
    ----------
    rows : (B,) rows of the samples in the memory of the spike source.
    labels : (B,) int32.
    half : half of the stored trials that belongs to the batch, 0 or 1.
    counts : spiking population -> (B, N) int32.
    loss_state : state of the loss -> (B, C) at the end of the trial.
    logits, output_losses, errors : (B, C).
    weights : (B, steps) weights of the loss, if each sample has its own; None if all have the same.
    step_losses : (B,) mean of the cross-entropy over steps; None for losses that are computed once per trial.
    count_signals : spiking population -> (B, N), jump of the adjoint at each spike of a neuron (regularisation).
    losses : (B,) float64.
    """

    rows: np.ndarray
    labels: np.ndarray
    half: int
    counts: Arrays
    loss_state: Arrays
    logits: np.ndarray
    output_losses: np.ndarray
    errors: np.ndarray
    weights: np.ndarray | None = None
    step_losses: np.ndarray | None = None
    count_signals: Arrays = field(default_factory=dict)
    losses: np.ndarray = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        return len(self.rows)

    def make_result(self) -> BatchResult:
        """Make the result of the batch, without gradients."""
        return BatchResult(
            loss=float(self.losses.mean()),
            losses=self.losses,
            predictions=self.logits.argmax(axis=1),
            logits=self.logits,
            spike_counts=self.counts,
        )


def compute_cross_entropy(logits: np.ndarray, labels: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Compute the cross-entropy of softmax(scale * logits), and its derivative with respect to the logits.

    Parameters
    ----------
    logits : (B, C).
    labels : (B,); for -1 (unknown) the loss is nan and the derivative 0.
    scale : factor of the logits.

    Returns
    -------
    losses (B,) and errors (B, C), float64.
    """
    known = labels >= 0
    shifted = scale * (logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1)
    samples = np.arange(len(labels))
    losses = np.where(known, np.log(sums) - shifted[samples, labels], np.nan)
    errors = exponentials / sums[:, None]
    errors[samples, labels] -= 1.0
    return losses, np.where(known[:, None], scale * errors, 0.0)


def count_signals(counts: np.ndarray, rule: SpikeCountRegularisation) -> np.ndarray:
    """Compute the jump of the adjoint at each spike of a neuron from spike counts (regularisation).

    Parameters
    ----------
    counts : (B, N).
    rule : the regularisation.

    Returns
    -------
    (B, N).
    """
    averaged = counts if rule.average == "trial" else np.broadcast_to(counts.mean(axis=0), counts.shape)
    excess = compute_total_excess(averaged.sum(axis=1), rule.total_upper, counts.shape[1])
    return count_signal(averaged, excess[:, None], vars(rule))
