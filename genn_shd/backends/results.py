"""Results that every back end returns: of a batch, and of a recorded one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..spikes.spike_trains import SpikeTrains

Arrays = dict[str, np.ndarray]


@dataclass
class BatchResult:
    """Results of one batch of B samples.

    Attributes
    ----------
    loss : mean loss over the batch, regularisation terms not included.
    losses : (B,) loss of each sample.
    predictions : (B,) int, the class with the largest logit.
    logits : (B, C), before `loss_scale`.
    spike_counts : population name -> (B, N) int32, for every spiking population of the network.
    grazing : number of spikes that crossed the threshold so flatly that their slope was bounded (exact scheme).
    lost_arrivals : number of arrivals at neurons that were lost: through a connection with delays, after the end of the
        trial. Counted by the native back end.
    gradients : parameter name -> array of the parameter's shape, d(mean loss)/d(parameter), regularisation
        included; empty after `evaluate_batch`.
    """

    loss: float
    losses: np.ndarray
    predictions: np.ndarray
    logits: np.ndarray
    spike_counts: Arrays
    grazing: int = 0
    lost_arrivals: int = 0
    gradients: Arrays = field(default_factory=dict)


Wanted = Mapping[str, Sequence[str]]
"""Population -> names of its state variables (`V`) and adjoint variables (`lambda_V`)."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Some samples of a batch, forward and backward.

    Attributes
    ----------
    dt : length of a time step, ms.
    spikes : population -> spikes of S samples, the input's too; labelled like the batch.
    traces : (population, variable) -> (S, steps, N). State variables at the ends of steps, after spikes and resets;
        adjoint variables (of each sample's own loss) at the starts of steps, nan where the backward pass did not go:
        before the first spike of a sample.
    result : of the whole batch, with gradients.
    """

    dt: float
    spikes: dict[str, SpikeTrains]
    traces: dict[tuple[str, str], np.ndarray]
    result: BatchResult
