"""Eventax: LIF neurons followed from event to event by Tsitouras' method, first output spikes compared."""

from __future__ import annotations

from typing import Any

import diffrax
import equinox
import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix
from eventax.evnn import EvNN
from eventax.neuron_models import LIF

from benchmarks.peers.work import Batch, Work

STEP, TOLERANCE = 1.0, 1e-2  # of the solver, and of spike times, ms; finer ones do not find all spikes
MOST_EVENTS = {"yin_yang": 1500, "shd_first_spike": 4000}  # of a sample: spikes, arrivals and solver restarts


class Adapter:
    """Hidden neurons, whose spikes take a step of the work to arrive, and spiking outputs."""

    def __init__(self, work: Work, variant: str) -> None:
        num_input, num_hidden, num_output = work.sizes
        self._sizes, self._duration, neurons = work.sizes, work.duration, num_hidden + num_output
        delays = jnp.zeros(neurons + num_input).at[:num_hidden].set(work.dt)
        matrix = np.zeros((neurons + num_input, neurons), np.float32)
        matrix[neurons:, :num_hidden] = work.weights["input_hidden"]
        matrix[:num_hidden, num_hidden:] = work.weights["hidden_output"]
        matrix[:num_hidden, :num_hidden] = work.weights.get("hidden_hidden", 0.0)
        mask = jnp.asarray(matrix != 0.0)
        self._weights = jnp.asarray(matrix)
        self._network = EvNN(
            LIF,
            neurons,
            work.duration,
            num_input,
            key=jax.random.PRNGKey(0),
            wmask=mask.astype(jnp.float32),
            init_axonal_delays=delays,
            output_neurons=(jnp.arange(neurons) >= num_hidden).astype(jnp.float32),
            input_neurons=(jnp.arange(neurons) < num_hidden).astype(jnp.float32),
            buffer_capacity=MOST_EVENTS[work.name],
            max_event_steps=MOST_EVENTS[work.name],
            solver_stepsize=STEP,
            solver=diffrax.Tsit5(),
            root_finder=optimistix.Newton(TOLERANCE, TOLERANCE, optimistix.rms_norm),
            output_no_spike_value=work.duration,
            tmem=work.tau_mem,
            tsyn=work.tau_syn,
            init_bias=0.0,
            init_weights=self._weights,
            thresh=1.0,
            vreset=0.0,
            reset_grad_preserve=False,
        )
        optimiser = optax.adam(work.learning_rate)
        self._state = optimiser.init(self._weights)

        def compute_loss(weights: Any, inputs: Any, labels: Any) -> Any:
            network = equinox.tree_at(lambda n: n.neuron_model.weights, self._network, weights)
            first = jnp.minimum(jax.vmap(network.ttfs)(inputs), work.duration)
            return optax.softmax_cross_entropy_with_integer_labels(-first / work.tau_0, labels).mean()

        def train(weights: Any, state: Any, inputs: Any, labels: Any) -> Any:
            loss, gradient = jax.value_and_grad(compute_loss)(weights, inputs, labels)
            updates, state = optimiser.update(gradient * mask, state)
            return loss, optax.apply_updates(weights, updates), state

        self._train, self._differentiate = equinox.filter_jit(train), equinox.filter_jit(jax.grad(compute_loss))

    def pack(self, batch: Batch) -> tuple[Any, Any]:
        """Return times of input spikes, (B, channels, K), K the most of a channel, and labels."""
        channels = [np.bincount(units, minlength=self._sizes[0]) for _, units in batch.events]
        inputs = np.full((len(batch), self._sizes[0], max(int(c.max()) for c in channels)), np.inf, np.float32)
        for sample, (times, units) in enumerate(batch.events):
            for unit in np.unique(units):
                of_unit = times[units == unit]
                inputs[sample, unit, : len(of_unit)] = of_unit
        return jnp.asarray(inputs), jnp.asarray(batch.labels)

    def train_batch(self, packed: tuple[Any, Any]) -> float:
        """Update the weights; returns the loss."""
        loss, self._weights, self._state = self._train(self._weights, self._state, *packed)
        return float(loss)

    def gradient(self, packed: tuple[Any, Any]) -> dict[str, np.ndarray]:
        """Return the gradient of the mean loss."""
        num_hidden, neurons = self._sizes[1], self._sizes[1] + self._sizes[2]
        found = np.asarray(self._differentiate(self._weights, *packed))
        return {
            "input_hidden": found[neurons:, :num_hidden],
            "hidden_hidden": found[:num_hidden, :num_hidden],
            "hidden_output": found[:num_hidden, num_hidden:],
        }
