"""Count spikes and synaptic operations of a network per sample, and estimate their energy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..backends.base import Model
from ..config.schema import ReportSettings
from ..network.network import Network
from ..runs.evaluation_report import Operations
from .samples import Samples

_PJ_PER_UJ = 1e6


def count_operations(
    model: Model, samples: Samples, spikes: Mapping[str, np.ndarray], settings: ReportSettings
) -> Operations:
    """Count the operations of a network per sample, on average.

    A synaptic operation is one spike that arrives at one synapse; an input spike arrives once for every delayed copy of
    the input. For comparison, the dense network is a recurrent network (Elman) with the same layers, which multiplies
    every weight in every time step.

    Parameters
    ----------
    model : the model that was evaluated.
    samples : the samples that it was evaluated on.
    spikes : hidden population -> (N,), number of spikes of each neuron in all samples together.
    settings : energies of single operations.
    """
    network, num_samples = model.network, len(samples)
    arriving = _count_arrivals(samples, model.values[f"{network.input.name}.delays"], model.duration)
    sent = {network.input.name: arriving / num_samples}
    sent |= {name: int(counts.sum()) / num_samples for name, counts in spikes.items()}
    synaptic = sum(sent[c.source] * network.find_population(c.target).size for c in network.connections)
    dense = round(model.duration / model.dt) * _count_dense_weights(network)
    return Operations(
        input_spikes=_count_arrivals(samples, np.zeros(1), model.duration) / num_samples,
        hidden_spikes=sum(sent[name] for name in spikes),
        synaptic_operations=synaptic,
        microjoules=synaptic * settings.pj_per_synaptic_operation / _PJ_PER_UJ,
        dense_multiply_adds=dense,
        dense_microjoules=dense * settings.pj_per_multiply_add / _PJ_PER_UJ,
    )


def _count_arrivals(samples: Samples, delays: np.ndarray, duration: float) -> int:
    """Count the spikes of all samples that arrive within the trial, each once per delay; delays in ms."""
    times = samples.trains.select(samples.indices).times
    return sum(int(np.count_nonzero(times < duration - delay)) for delay in delays)


def _count_dense_weights(network: Network) -> int:
    """Count the weights of a dense network with the same layers, in which the input has no delayed copies."""
    sizes = {p.name: p.size for p in network.populations}  # without copies of the input
    return sum(sizes[c.source] * sizes[c.target] for c in network.connections)
