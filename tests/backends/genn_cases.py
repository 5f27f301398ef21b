"""Small networks and samples on which the GeNN back end is compared with native."""

from __future__ import annotations

from typing import Any

import numpy as np

from genn_shd import BatchResult, Model, Network, Normal, SpikeCountRegularisation, SpikeTrains, compile_network
from genn_shd.models import recurrent_classifier

NUM_INPUT, NUM_CLASSES, NUM_STEPS = 7, 3, 60
REGULARISATION = SpikeCountRegularisation(upper=2.0, lower=1.5, strength_upper=0.01, strength_lower=0.02)
WEIGHTS = {
    "input_hidden": Normal(0.6, 0.5),
    "input_hidden0": Normal(0.6, 0.5),
    "hidden_hidden": Normal(0.0, 0.4),
    "hidden0_hidden0": Normal(0.0, 0.4),
    "hidden1_hidden1": Normal(0.0, 0.4),
    "hidden0_hidden1": Normal(0.6, 0.6),
    "hidden_output": Normal(0.4, 0.6),
    "hidden1_output": Normal(0.5, 0.6),
}
# Values of a loss's parameters for which all of its terms count.
LOSS_VALUES = {
    "first_spike": {"tau_0": 3.0, "alpha": 3.0},
    "first_spike_exp": {"tau_0": 3.0, "tau_1": 30.0, "alpha": 0.1},
    "sum_input": {"tau_input": 8.0, "input_gain": 2.0},
    "sum_sigmoid": {"steepness": 8.0, "centre": 0.4},
}


def samples(seed: int, count: int, num_input: int = NUM_INPUT, num_steps: int = NUM_STEPS) -> SpikeTrains:
    """Random spikes, some in the same bin of the same channel and some after the trial, and a sample without any."""
    rng = np.random.default_rng(seed)
    events = []
    for size in rng.integers(20, 60, count):
        times = np.sort(rng.uniform(0, num_steps * 1.1, size)).astype(np.float32)
        units = rng.integers(0, num_input, size)
        times[1::9], units[1::9] = times[0:-1:9], units[0:-1:9]
        events.append((times, units))
    if count > 3:
        events[2] = (np.empty(0, np.float32), np.empty(0, np.int64))
    labels = rng.integers(0, NUM_CLASSES, count)
    return SpikeTrains.from_events(events, labels=labels, num_units=num_input)


def network(loss: str = "sum_exp", hidden: tuple[int, ...] = (6,), recurrent: bool = True, **changes: Any) -> Network:
    """A network whose hidden neurons spike several times a trial, with time constants that all differ."""
    names = ["hidden"] if len(hidden) == 1 else [f"hidden{i}" for i in range(len(hidden))]
    chain = {f"{a}_{b}" for a, b in zip(["input", *names], [*names, "output"], strict=True)}
    loops = {f"{name}_{name}" for name in names} if recurrent else set()
    settings: dict[str, Any] = {
        "loss": loss,
        "loss_scale": 2.0,
        "tau_mem": 12.0,
        "tau_syn": 5.0,
        "output_tau_mem": 15.0,
        "output_tau_syn": 4.0,
        "loss_values": LOSS_VALUES.get(loss, {}),
        "weights": {name: WEIGHTS[name] for name in chain | loops},
        "regularisation": REGULARISATION,
    }
    return recurrent_classifier(NUM_INPUT, hidden, NUM_CLASSES, [recurrent] * len(hidden), **(settings | changes))


def compiled(described: Network, backend: str, **changes: Any) -> Model:
    """The network on a back end, the grid scheme on all of them."""
    settings = {"batch_size": 8, "duration": NUM_STEPS, "seed": 1, "precision": "float64", "scheme": "grid"}
    return compile_network(described, backend=backend, **(settings | changes))


def assert_same(actual: BatchResult, expected: BatchResult, tolerance: float) -> None:
    """Same spikes, and numbers equal to a tolerance relative to the largest of their kind."""
    for name, counts in expected.spike_counts.items():
        np.testing.assert_array_equal(actual.spike_counts[name], counts)
    np.testing.assert_array_equal(actual.predictions, expected.predictions)
    np.testing.assert_allclose(actual.losses, expected.losses, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(actual.logits, expected.logits, rtol=tolerance, atol=tolerance)
    assert_same_gradients(actual, expected, tolerance)


def assert_same_gradients(actual: BatchResult, expected: BatchResult, tolerance: float) -> None:
    """Gradients of all parameters, which must not vanish."""
    assert actual.gradients.keys() == expected.gradients.keys()
    for name, gradient in expected.gradients.items():
        largest = np.abs(gradient).max()
        assert largest > 0, name
        np.testing.assert_allclose(actual.gradients[name], gradient, rtol=0, atol=tolerance * largest, err_msg=name)
