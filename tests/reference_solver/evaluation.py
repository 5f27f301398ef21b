"""What a test asks of a network: its loss, logits and spikes, and how well-conditioned they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.reference_solver.lif import Array, advance, peak_offset
from tests.reference_solver.losses import losses_and_logits
from tests.reference_solver.network import Batch, Network
from tests.reference_solver.simulation import Record, simulate


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Result of one network on a batch of B samples.

    `loss` is the mean of `losses` (B,); `logits` (B, C) are before `loss_scale`; `predictions` (B,).
    `spike_counts` by population (B, size); `spikes` by population, sample and neuron: (spikes,) times.
    """

    loss: float
    losses: Array
    logits: Array
    predictions: Array
    spike_counts: dict[str, Array]
    spikes: dict[str, list[list[Array]]]


def evaluate(network: Network, batch: Batch) -> Evaluation:
    """Simulate and evaluate the loss."""
    record = simulate(network, batch)
    losses, logits = losses_and_logits(record, np.asarray(batch.labels))
    times, neuron, replica, _ = record.spikes()
    counts = record.spike_counts()
    spikes = {
        name: [
            [times[(replica == sample) & (neuron == n)] for n in range(where.start, where.stop)]
            for sample in range(len(batch))
        ]
        for name, where in network.neurons.items()
    }
    return Evaluation(
        loss=float(losses.mean()),
        losses=losses,
        logits=logits,
        predictions=logits.argmax(axis=1),
        spike_counts={name: counts[:, where] for name, where in network.neurons.items()},
        spikes=spikes,
    )


def steepness(network: Network, batch: Batch) -> float:
    """Smallest I - V over all spikes, inf if there are none; near 0 a spike grazes the threshold."""
    return float(np.min(simulate(network, batch).spike_slopes(), initial=np.inf))


def threshold_margins(record: Record) -> Array:
    """(R,) how far below its threshold the highest maximum of V without a spike stayed, over all neurons."""
    a, b = record.rates()
    peak = peak_offset(record.V, record.I, a, b)
    inside = peak < record.length[..., None]
    peaks = np.where(inside, advance(record.V, record.I, np.where(inside, peak, 0.0), a, b)[0], -np.inf)
    kinks = np.where(record.I <= record.V, record.V, -np.inf)
    final = advance(record.V[-1], record.I[-1], record.length[-1, :, None], a, b)[0]
    return (record.v_threshold - np.max([peaks.max(axis=0), kinks.max(axis=0), final], axis=0)).min(axis=1)
