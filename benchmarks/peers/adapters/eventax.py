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

from benchmarks.peers.work import DELAY_RATE, Batch, Work

STEP, TOLERANCE = 1.0, 1e-4  # of the solver, and of spike times, ms
ROOT_FINDER = optimistix.Bisection(rtol=TOLERANCE, atol=TOLERANCE, expand_if_necessary=True)
"""Newton's method, Eventax's default, ended in an error in Yin-Yang: the largest voltage of all neurons has kinks. At
the start of a step a neuron may be on the threshold to rounding, so that the interval must grow."""
MOST_EVENTS = {"yin_yang": 1500, "delays_first_spike": 4000, "shd_first_spike": 4000}
"""Of a sample: spikes, arrivals and solver restarts."""


class Adapter:
    """Hidden neurons, whose spikes take a step of the work or the delay of their synapse, and spiking outputs."""

    def __init__(self, work: Work, variant: str) -> None:
        num_input, *hidden, num_output = self._sizes = work.sizes
        num_hidden, self._blocks = sum(hidden), _find_blocks(work)
        neurons = num_hidden + num_output
        mask, matrix, delays, trained = np.zeros((4, neurons + num_input, neurons), np.float32)
        for name, block in self._blocks.items():
            matrix[block], mask[block], trained[block] = work.weights[name], 1.0, f"{name}.delay" in work.weights
            delays[block] = work.weights.get(f"{name}.delay", 0.0 if name.startswith("input") else work.dt)
        self._parameters = {"weights": jnp.asarray(matrix)}
        if trained.any():
            self._parameters["delays"] = jnp.asarray(delays)
            taken: dict[str, Any] = {"init_delays": self._parameters["delays"]}
        else:  # a spike is then one event, not one for each target
            taken = {"init_axonal_delays": jnp.asarray(delays.max(axis=1))}
        network = EvNN(
            LIF,
            neurons,
            work.duration,
            num_input,
            key=jax.random.PRNGKey(0),
            wmask=jnp.asarray(mask),
            **taken,
            output_neurons=(jnp.arange(neurons) >= num_hidden).astype(jnp.float32),
            input_neurons=(jnp.arange(neurons) < hidden[0]).astype(jnp.float32),
            buffer_capacity=MOST_EVENTS[work.name],
            max_event_steps=MOST_EVENTS[work.name],
            solver_stepsize=STEP,
            solver=diffrax.Tsit5(),
            root_finder=ROOT_FINDER,
            output_no_spike_value=work.duration,
            tmem=work.tau_mem,
            tsyn=work.tau_syn,
            init_bias=0.0,
            init_weights=self._parameters["weights"],
            thresh=1.0,
            vreset=0.0,
            reset_grad_preserve=False,
        )
        rates = {"weights": mask, "delays": DELAY_RATE * trained}
        optimiser = optax.adam(work.learning_rate)
        self._state = optimiser.init(self._parameters)

        def compute_loss(parameters: Any, inputs: Any, labels: Any) -> Any:
            used = equinox.tree_at(lambda n: n.neuron_model.weights, network, parameters["weights"])
            if "delays" in parameters:
                used = equinox.tree_at(lambda n: n.delays, used, parameters["delays"])
            first = jnp.minimum(jax.vmap(used.ttfs)(inputs), work.duration)
            return optax.softmax_cross_entropy_with_integer_labels(-first / work.tau_0, labels).mean()

        def train(parameters: Any, state: Any, inputs: Any, labels: Any) -> Any:
            loss, gradient = jax.value_and_grad(compute_loss)(parameters, inputs, labels)
            updates, state = optimiser.update(gradient, state)
            return loss, {name: value + rates[name] * updates[name] for name, value in parameters.items()}, state

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
        """Update the parameters; returns the loss."""
        loss, self._parameters, self._state = self._train(self._parameters, self._state, *packed)
        return float(loss)

    def gradient(self, packed: tuple[Any, Any]) -> dict[str, np.ndarray]:
        """Return the gradient of the mean loss."""
        found = self._differentiate(self._parameters, *packed)
        gradients = {}
        for name, block in self._blocks.items():
            gradients[name] = np.asarray(found["weights"])[block]
            if "delays" in found:
                gradients[f"{name}.delay"] = np.asarray(found["delays"])[block]
        return gradients


def _find_blocks(work: Work) -> dict[str, tuple[slice, slice]]:
    """Return by connection its rows and columns in Eventax's matrices: neurons layer by layer, then inputs."""
    num_input, *hidden, num_output = work.sizes
    names = ["hidden"] if len(hidden) == 1 else [f"hidden{k}" for k in range(len(hidden))]
    places, start = {}, 0
    for name, size in zip([*names, "output", "input"], [*hidden, num_output, num_input], strict=True):
        places[name] = slice(start, start + size)
        start += size
    pairs = {name: name.split("_") for name in work.weights if not name.endswith(".delay")}
    return {name: (places[source], places[target]) for name, (source, target) in pairs.items()}
