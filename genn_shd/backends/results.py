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
    loss : mean loss over the batch, without regularisation.
    losses : (B,) loss of each sample.
    predictions : (B,) int, the class with the largest logit.
    logits : (B, C), before `loss_scale`.
    spike_counts : population name -> (B, N) int32, for every spiking population.
    grazing : number of grazing spikes, whose slope at the threshold was so small that it was bounded (exact scheme).
    lost_arrivals : number of arrivals through connections with delays that were lost, because they are after the end of
        the trial; native back end only.
    gradients : parameter name -> array of the parameter's shape, d(mean loss)/d(parameter), regularisation
        included; with the learning rule STDP, minus the mean change of the weights; empty after `evaluate_batch`.
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
    """Recording of the forward and backward pass of some samples of a batch.

    Attributes
    ----------
    dt : length of a time step, ms.
    spikes : population, including the input -> spikes of S samples, with the labels of the batch.
    traces : (population, variable) -> (S, steps, N). State variables are at the ends of steps, after spikes and resets.
        Adjoint variables, of the loss of each sample, are at the starts of steps; they are nan before the first spike
        of a sample, which the backward pass does not reach.
    result : result of the whole batch, with gradients.
    """

    dt: float
    spikes: dict[str, SpikeTrains]
    traces: dict[tuple[str, str], np.ndarray]
    result: BatchResult
