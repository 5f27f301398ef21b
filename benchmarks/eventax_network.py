"""A feed-forward classifier in Eventax, equal to one of genn_shd: hidden and output neurons that spike, first spikes
compared by cross-entropy.

L. König and others, Eventax, arXiv 2603.08146; on JAX, Diffrax and Equinox.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import diffrax
import equinox
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
from eventax.evnn import FFEvNN
from eventax.neuron_models import LIF, QIF

from genn_shd import SpikeTrains

TAU_MEM, TAU_SYN = 20.0, 5.0
NEURONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "lif": (LIF, {"thresh": 1.0, "vreset": 0.0, "reset_grad_preserve": False}),
    "qif": (QIF, {}),
}


class FeedForwardNetwork:
    """Input -> hidden -> output, as `genn_shd` simulates it: spikes of hidden neurons take a step to arrive.

    Parameters
    ----------
    neuron : "lif" or "qif", Eventax's own, of the time constants above.
    weights : "input_hidden", shape (inputs, hidden), and "hidden_output", shape (hidden, outputs).
    dt : length of a step of the solver, and delay of hidden spikes, ms.
    duration : of a trial, ms.
    tau_0 : divides first spike times in the softmax, ms.
    most_events : of a trial: spikes of inputs and neurons, and their arrivals.
    precision : "float32" or "float64".
    tolerance : of spike times.
    """

    def __init__(
        self,
        neuron: str,
        weights: Mapping[str, np.ndarray],
        dt: float,
        duration: float,
        tau_0: float,
        most_events: int,
        precision: str,
        tolerance: float,
    ) -> None:
        jax.config.update("jax_enable_x64", precision == "float64")
        dtype = jnp.dtype(precision)
        num_input, num_hidden = weights["input_hidden"].shape
        num_output = weights["hidden_output"].shape[1]
        model, values = NEURONS[neuron]
        self._duration, self._tau_0, self._dtype, self._num_input = duration, tau_0, dtype, num_input
        self._hidden, self._neurons = num_hidden, num_hidden + num_output
        delays = np.zeros(self._neurons + num_input)
        delays[:num_hidden] = dt
        self._network = FFEvNN(
            layers=(num_hidden, num_output),
            in_size=num_input,
            neuron_model=model,
            max_solver_time=duration,
            key=jax.random.PRNGKey(0),
            init_axonal_delays=jnp.asarray(delays, dtype),
            buffer_capacity=most_events,
            solver_stepsize=dt,
            solver=diffrax.Tsit5(),
            root_finder=optimistix.Newton(tolerance, tolerance, optimistix.rms_norm),
            max_event_steps=most_events,
            output_no_spike_value=duration,
            dtype=dtype,
            tmem=TAU_MEM,
            tsyn=TAU_SYN,
            init_bias=0.0,
            init_weights=self._join(weights),
            **values,
        )
        self._step = equinox.filter_jit(self._value_and_gradient)

    def _join(self, weights: Mapping[str, np.ndarray]) -> Any:
        """Eventax's matrix: rows are neurons, then inputs."""
        matrix = np.zeros((self._neurons + self._num_input, self._neurons))
        matrix[self._neurons :, : self._hidden] = weights["input_hidden"]
        matrix[: self._hidden, self._hidden :] = weights["hidden_output"]
        return jnp.asarray(matrix, self._dtype)

    def _value_and_gradient(self, weights: Any, inputs: Any, labels: Any) -> Any:
        def compute_loss(matrix: Any) -> Any:
            network = equinox.tree_at(lambda n: n.neuron_model.weights, self._network, matrix)
            first = jax.vmap(network.ttfs)(inputs)
            logits = jax.nn.log_softmax(-jnp.minimum(first, self._duration) / self._tau_0, axis=1)
            return -jnp.take_along_axis(logits, labels[:, None], axis=1).mean()

        return jax.value_and_grad(compute_loss)(weights)

    def pack(self, trains: SpikeTrains) -> tuple[Any, Any]:
        """Inputs, (B, inputs, 1), where every input spikes once, and labels."""
        inputs = np.full((len(trains), self._num_input, 1), np.inf)
        for sample, (times, units) in enumerate(trains):
            inputs[sample, units, 0] = times
        return jnp.asarray(inputs, self._dtype), jnp.asarray(trains.labels)

    def gradient(
        self, weights: Mapping[str, np.ndarray], batch: tuple[Any, Any]
    ) -> tuple[float, dict[str, np.ndarray]]:
        """Loss of a batch and its gradient by both weights; waits until they are there."""
        loss, matrix = jax.block_until_ready(self._step(self._join(weights), *batch))
        gradient = np.asarray(matrix)
        return float(loss), {
            "input_hidden": gradient[self._neurons :, : self._hidden],
            "hidden_output": gradient[: self._hidden, self._hidden :],
        }
