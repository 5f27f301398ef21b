"""Gradients of the native back end against the event-driven solver, over time steps: for tests and benchmarks.

Both sides see the same spikes at the same times. On the grid an input spike of time bin k acts at the start of step
k + 1, so inputs lie on multiples of 1 ms and reach the toolkit one step early. A hidden spike found at the end of
step n acts at the start of step n + 1, which is the same time, and the voltages of step n belong to its end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genn_shd import SpikeTrains, compile_network
from genn_shd.models import recurrent_classifier
from genn_shd.network import Network
from tests import reference_solver as reference

Gradients = dict[str, np.ndarray]

RESOLUTION = 1.0
"""Input times are multiples of this, ms; time steps must divide it."""


def problem(
    loss: reference.Loss, hidden: Sequence[int] = (6,), recurrent: bool = True, seed: int = 0
) -> tuple[reference.Network, reference.Batch]:
    """A random network and samples whose spikes all cross the threshold steeply."""
    return reference.random_problem(
        seed,
        (8, *hidden, 3),
        recurrent,
        loss,
        spiking_output=loss.name.startswith("first_spike"),
        resolution=RESOLUTION,
    )


def reference_gradients(network: reference.Network, batch: reference.Batch) -> Gradients:
    """Central differences of the event-driven solver, for every weight."""
    return {name: reference.finite_difference_gradient(network, batch, name) for name in network.weights}


def described(network: reference.Network) -> Network:
    """The toolkit's description of a reference network."""
    hidden = [name for name in network.populations if name != reference.network.OUTPUT]
    first, output = network.populations[hidden[0]], network.populations["output"]
    loss = network.loss
    of_spikes = {"tau_0": loss.tau_0, "tau_1": loss.tau_1, "alpha": loss.alpha}
    return recurrent_classifier(
        network.num_input,
        [network.populations[name].size for name in hidden],
        output.size,
        recurrent=[f"{name}_{name}" in network.weights for name in hidden],
        loss=loss.name,
        loss_scale=loss.loss_scale,
        loss_values=of_spikes if loss.name.startswith("first_spike") else None,
        tau_mem=float(first.tau_mem),
        tau_syn=float(first.tau_syn),
        output_tau_mem=float(output.tau_mem),
        output_tau_syn=float(output.tau_syn),
    )


def native_gradients(network: reference.Network, batch: reference.Batch, dt: float) -> Gradients:
    """Of the native back end in float64."""
    events = [(np.asarray(times) - dt, units) for times, units in batch.events]
    trains = SpikeTrains.from_events(events, labels=batch.labels, num_units=network.num_input)
    with compile_network(
        described(network),
        batch_size=len(trains),
        dt=dt,
        duration=network.duration,
        precision="float64",
        num_threads=1,
        scheme="grid",
    ) as model:
        model.set_parameters(network.weights)
        return model.gradient(trains).gradients


def relative_error(gradient: np.ndarray, expected: np.ndarray) -> float:
    """Norm of the difference over the norm of what is expected."""
    return float(np.linalg.norm(gradient - expected) / np.linalg.norm(expected))


def relative_errors(
    network: reference.Network, batch: reference.Batch, steps: Sequence[float]
) -> dict[str, np.ndarray]:
    """Connection -> (steps,) relative error of its gradient at each time step, ms."""
    expected = reference_gradients(network, batch)
    found = [native_gradients(network, batch, dt) for dt in steps]
    return {name: np.array([relative_error(g[name], expected[name]) for g in found]) for name in expected}


def order(steps: Sequence[float], errors: np.ndarray) -> float:
    """Slope of a straight line through log error over log time step: 1 where error falls in proportion."""
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])
