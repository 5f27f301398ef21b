"""jaxsnn: LIF neurons from event to event with tau_mem = 2 tau_syn, EventProp, first output spikes compared."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxsnn.event.loss import first_spike
from jaxsnn.event.modules import LIF, LIFParameters, Linear, Source
from jaxsnn.event.topology import Topology
from jaxsnn.event.types import Spike

from benchmarks.peers.work import Batch, Work

EVENTS = {"yin_yang": (900, 1300), "shd_first_spike": (2500, 3000)}
"""Room for the events of a sample in the hidden and in the output layer: arrivals and own spikes."""


class Adapter:
    """Hidden neurons, whose spikes arrive at once, and spiking outputs."""

    def __init__(self, work: Work, variant: str) -> None:
        num_input, num_hidden, num_output = work.sizes
        constants = LIFParameters(v_reset=0.0, v_th=1.0, tau_syn=work.tau_syn, tau_mem=work.tau_mem)
        hidden, output = EVENTS[work.name]
        topology = Topology(t_max=work.duration, backprop_method="eventprop")
        modules = {
            "input": Source(num_input),
            "hidden": LIF(num_hidden, hidden, constants),
            "output": LIF(num_output, output, constants),
        }
        links = []
        for name, weight in work.weights.items():
            source, target = name.split("_")
            modules[name] = Linear(pre_weights=jnp.asarray(weight))
            links += [(source, name), (name, target)]
        topology.add(modules)
        topology.connect(links)
        start, apply = topology.done()
        self._weights, self._names = start(jax.random.PRNGKey(0)), list(work.weights)
        optimiser = optax.adam(work.learning_rate)
        self._state = optimiser.init(self._weights)

        def compute_loss(weights: Any, inputs: Any, labels: Any) -> Any:
            spikes = apply({"input": inputs}, weights)["output"]
            first = jnp.minimum(jax.vmap(first_spike, in_axes=(0, None))(spikes, num_output), work.duration)
            return optax.softmax_cross_entropy_with_integer_labels(-first / work.tau_0, labels).mean()

        @jax.jit
        def train(weights: Any, state: Any, inputs: Any, labels: Any) -> Any:
            loss, gradient = jax.value_and_grad(compute_loss)(weights, inputs, labels)
            updates, state = optimiser.update(gradient, state)
            return loss, optax.apply_updates(weights, updates), state

        self._train, self._differentiate = train, jax.jit(jax.grad(compute_loss))

    def pack(self, batch: Batch) -> tuple[Any, Any]:
        """Return input spikes, as many for each sample, and labels."""
        most = max(len(times) for times, _ in batch.events)
        times, units = np.full((len(batch), most), np.inf, np.float32), np.full((len(batch), most), -1)
        for sample, (at, channels) in enumerate(batch.events):
            times[sample, : len(at)], units[sample, : len(at)] = at, channels
        layer, internal = jnp.zeros(times.shape, int), jnp.asarray(units >= 0)
        spikes = Spike(jnp.asarray(times), jnp.asarray(units), jnp.zeros(times.shape), layer, internal)
        return spikes, jnp.asarray(batch.labels)

    def train_batch(self, packed: tuple[Any, Any]) -> float:
        """Update the weights; returns the loss."""
        loss, self._weights, self._state = self._train(self._weights, self._state, *packed)
        return float(loss)

    def gradient(self, packed: tuple[Any, Any]) -> dict[str, np.ndarray]:
        """Return the gradient of the mean loss."""
        found = self._differentiate(self._weights, *packed)
        return {name: np.asarray(found[name]) for name in self._names}
