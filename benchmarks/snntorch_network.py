"""The network of `benchmarks.bptt` written with snnTorch, trained through surrogate gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import snntorch
import torch
from snntorch import surrogate
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from genn_shd import Network, SpikeTrains
from genn_shd.network.initialisers import draw
from genn_shd.training.learning_rate import LearningRate

Labelled = tuple[np.ndarray, SpikeTrains]


class RecurrentNetwork(nn.Module):
    """Input, copied at every delay -> recurrent LIF neurons -> leaky outputs, on the grid of steps.

    Read out as the loss `sum_exp` does.

    Parameters
    ----------
    network : one hidden layer; time constants, initial weights and loss scale are taken from it.
    dt, duration : time step and length of a trial, ms.
    slope : of the fast sigmoid that stands for the derivative of a spike.
    seed : of the initial weights.
    """

    def __init__(self, network: Network, dt: float, duration: float, slope: float, seed: int) -> None:
        super().__init__()
        self.dt, self.num_steps = dt, round(duration / dt)
        self.num_input, self.delays = network.input.size, network.input.delays
        rng = np.random.default_rng(seed)
        for connection in network.connections:
            weight = draw(connection.weight, rng, network.get_weight_shape(connection))
            setattr(self, connection.name, nn.Parameter(torch.tensor(weight, dtype=torch.float32)))
        hidden, output = (p.values for p in network.populations[1:])
        spikes = surrogate.fast_sigmoid(slope=slope)
        self.hidden, self.hidden_gain = _make_neurons(
            dt,
            hidden,
            threshold=hidden.get("v_threshold", 1.0),
            spike_grad=spikes,
            reset_mechanism="zero",
            reset_delay=False,
        )
        self.output, self.output_gain = _make_neurons(dt, output, reset_mechanism="none")
        t = (torch.arange(self.num_steps) + 1.0) / self.num_steps
        scale = network.loss_values["loss_scale"]
        self.register_buffer("weight_in_time", scale * torch.exp(-t) / self.num_steps)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, classes) logits and (N,) mean spike counts of input spikes (steps, B, channels)."""
        arrivals = self.hidden_gain * (x @ self.input_hidden)
        feedback, forward = self.hidden_gain * self.hidden_hidden, self.output_gain * self.hidden_output
        spikes = syn = mem = torch.zeros(arrivals.shape[1:])
        out_syn = out_mem = logits = torch.zeros(x.shape[1], forward.shape[1])
        counts = torch.zeros(arrivals.shape[2])
        for arriving, weight in zip(arrivals, self.weight_in_time, strict=True):
            # Spikes of the step before arrive, at hidden neurons and at outputs.
            _, out_syn, out_mem = self.output(spikes @ forward, out_syn, out_mem)
            spikes, syn, mem = self.hidden(torch.addmm(arriving, spikes, feedback), syn, mem)
            logits = logits + weight * out_mem
            counts += spikes.detach().mean(dim=0)
        return logits, counts

    def dense(self, batch: SpikeTrains) -> Tensor:
        """Count input spikes, (steps, B, channels of all delays); spikes after the end of the trial are dropped."""
        shape = (self.num_steps, len(batch), len(self.delays) * self.num_input)
        sample, units = np.repeat(np.arange(len(batch)), batch.counts), batch.units.astype(np.int64)
        dense = torch.zeros(math.prod(shape))
        for copy, delay in enumerate(self.delays):
            step = ((batch.times + delay) / self.dt).astype(np.int64)
            kept = step < self.num_steps
            places = np.ravel_multi_index((step, sample, units + copy * self.num_input), shape, mode="clip")[kept]
            dense.index_add_(0, torch.from_numpy(places), torch.ones(len(places)))
        return dense.view(shape)


def _make_neurons(dt: float, values: Mapping[str, Any], **options: Any) -> tuple[snntorch.Synaptic, float]:
    """Make neurons of these time constants; returns them and the factor of currents that makes a step exact."""
    tau_mem, tau_syn = float(values["tau_mem"]), float(values["tau_syn"])
    alpha, beta = math.exp(-dt / tau_syn), math.exp(-dt / tau_mem)
    return snntorch.Synaptic(alpha, beta, **options), tau_syn / (tau_syn - tau_mem) * (alpha - beta)


def train_epoch(
    model: RecurrentNetwork,
    adam: torch.optim.Optimizer,
    rate: LearningRate,
    batches: Iterable[Labelled],
    progress: float,
) -> tuple[float, float]:
    """Train on batches; returns mean loss and accuracy of their samples, before each step.

    `progress` is the part of the training that is done before this epoch, 0 to 1, for the annealing of the rate.
    """
    loss_sum, correct, count = 0.0, 0, 0
    for labels, batch in batches:
        adam.param_groups[0]["lr"] = rate.compute_batch_rate(progress)
        target = torch.tensor(labels, dtype=torch.int64)
        logits, _ = model(model.dense(batch))
        loss = cross_entropy(logits, target)
        adam.zero_grad()
        loss.backward()
        adam.step()
        rate.finish_batch()
        loss_sum += loss.item() * len(target)
        correct += int((logits.argmax(dim=1) == target).sum())
        count += len(target)
    return loss_sum / count, correct / count


def count_spikes(model: RecurrentNetwork, batches: Iterable[Labelled]) -> float:
    """Return the number of hidden spikes per sample, on average."""
    with torch.no_grad():
        counts = [(float(model(model.dense(batch))[1].sum()), len(labels)) for labels, batch in batches]
    return sum(mean * size for mean, size in counts) / sum(size for _, size in counts)


def compute_accuracy(model: RecurrentNetwork, batches: Iterable[Labelled]) -> float:
    """Return the part of samples whose largest logit is that of their label."""
    with torch.no_grad():
        correct = [model(model.dense(batch))[0].argmax(dim=1).numpy() == labels for labels, batch in batches]
    return float(np.concatenate(correct).mean())
