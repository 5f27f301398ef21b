"""Spyx: `RCuBaLIF` neurons on Flax, SuperSpike as surrogate."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from spyx import axn, nn

from benchmarks.peers.work import Batch, Work


class Network(nnx.Module):
    """Recurrent hidden neurons, and leaky outputs: two leaky integrators, one of them the synapse."""

    def __init__(self, work: Work) -> None:
        rngs = nnx.Rngs(0)
        alpha, beta = math.exp(-work.dt / work.tau_syn), math.exp(-work.dt / work.tau_mem)
        self.gain = work.tau_syn / (work.tau_syn - work.tau_mem) * (alpha - beta)
        self.input_hidden = nnx.Param(jnp.asarray(work.weights["input_hidden"]))
        self.hidden_output = nnx.Param(jnp.asarray(work.weights["hidden_output"]))
        shape, spike = (work.sizes[1],), axn.superspike(25)
        if work.kind == "adaptive":
            gamma = math.exp(-work.dt / work.adaptation[1])
            self.hidden = nn.ALIF(shape, beta, gamma, activation=spike, rngs=rngs)
            # The gain of a step's current over the whole of its synaptic decay.
            self.input_gain = 1.0 - beta
        else:
            self.hidden = nn.RCuBaLIF(shape, alpha, beta, activation=spike, rngs=rngs)
            # The recurrent matrix is applied to the current of the voltage's own scale.
            self.hidden.recurrent_w = nnx.Param(self.gain * jnp.asarray(work.weights["hidden_hidden"]))
            self.input_gain = self.gain
        self.synapse = nn.LI((work.sizes[2],), alpha, rngs=rngs)
        self.output = nn.LI((work.sizes[2],), beta, rngs=rngs)

    def __call__(self, x: Any, state: Any) -> tuple[Any, Any]:
        """Make a step; a hidden neuron's spike is that of the voltage of the step before."""
        hidden, synapse, output = state
        spikes, hidden = self.hidden(self.input_gain * (x @ self.input_hidden[...]), hidden)
        current, synapse = self.synapse(self.gain * (spikes @ self.hidden_output[...]), synapse)
        voltage, output = self.output(current, output)
        return voltage, (hidden, synapse, output)

    def initial_state(self, batch_size: int) -> tuple[Any, Any, Any]:
        """Return the state at rest."""
        return tuple(layer.initial_state(batch_size) for layer in (self.hidden, self.synapse, self.output))


TRAINED = ("input_hidden", "hidden_output", "recurrent_w")


class Adapter:
    """Trains the weights by Adam; decays stay."""

    def __init__(self, work: Work, variant: str) -> None:
        self._work, self._network = work, Network(work)
        of_weights = nnx.All(nnx.Param, lambda path, _: path[-1] in TRAINED)
        optimiser = nnx.Optimizer(self._network, optax.adam(work.learning_rate), wrt=of_weights)
        weight = jnp.asarray(work.loss_weight)

        def compute_loss(network: Network, counts: Any, labels: Any) -> Any:
            voltages, _ = nn.run(network, counts)
            logits = jnp.einsum("t,tbc->bc", weight, voltages)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        differentiate = nnx.value_and_grad(compute_loss, argnums=nnx.DiffState(0, of_weights))

        @nnx.jit
        def train(network: Network, optimiser: Any, counts: Any, labels: Any) -> Any:
            loss, gradient = differentiate(network, counts, labels)
            optimiser.update(network, gradient)
            return loss

        self._optimiser, self._train, self._differentiate = optimiser, train, nnx.jit(differentiate)

    def pack(self, batch: Batch) -> tuple[Any, Any]:
        """Count spikes in steps; returns them, (steps, B, channels), and labels."""
        counts = batch.count_spikes(self._work.num_steps, self._work.sizes[0], self._work.dt)
        return jnp.asarray(counts), jnp.asarray(batch.labels)

    def train_batch(self, packed: tuple[Any, Any]) -> float:
        """Update the weights; returns the loss."""
        return float(self._train(self._network, self._optimiser, *packed))

    def gradient(self, packed: tuple[Any, Any]) -> dict[str, np.ndarray]:
        """Return the gradient of the mean loss, by the weights of the work."""
        _, found = self._differentiate(self._network, *packed)
        by_path = {path[-1]: np.asarray(leaf[...]) for path, leaf in nnx.to_flat_state(found)}
        gradients = {name: by_path[name] for name in ("input_hidden", "hidden_output")}
        if "recurrent_w" in by_path:
            gradients["hidden_hidden"] = self._network.gain * by_path["recurrent_w"]
        return jax.tree.map(np.asarray, gradients)
