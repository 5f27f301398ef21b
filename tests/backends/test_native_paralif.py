"""ParaLIF in its delta form and in two passes, against what the authors compute for all times at once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from genn_shd import Config, SettingError, SpikeTrains, SurrogateGradient, compile_network, recurrent_classifier
from genn_shd.training.build import build_network

DT, STEPS, INPUTS, CLASSES = 1.0, 80, 8, 3
TAU_MEM, TAU_SYN = 10.0, 5.0


def make_batch(seed: int, samples: int = 2) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    events = [(np.sort(rng.uniform(0, 75, 80)), rng.integers(0, INPUTS, 80)) for _ in range(samples)]
    return SpikeTrains.from_events(events, np.arange(samples) % CLASSES, num_units=INPUTS)


def count_arrivals(batch: SpikeTrains, sample: int) -> np.ndarray:
    """(steps, inputs): input spikes that arrive at the start of each step."""
    own = slice(batch.offsets[sample], batch.offsets[sample + 1])
    arrivals = np.zeros((STEPS + 1, INPUTS))
    np.add.at(arrivals, (np.floor(batch.times[own] / DT).astype(int) + 1, batch.units[own]), 1)
    return arrivals[:STEPS]


def compile_paralif(network, **changes):
    options = {"rule": SurrogateGradient("arctan"), "precision": "float64", "batch_size": 4, "seed": 1}
    return compile_network(network, dt=DT, duration=STEPS * DT, **options | changes)


def make_network(**changes):
    options = {"num_hidden": 6, "recurrent": False, "loss": "sum", "neuron": "paralif", "tau_mem": TAU_MEM}
    return recurrent_classifier(INPUTS, num_classes=CLASSES, tau_syn=TAU_SYN, **options | changes)


def convolve(arrivals: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """(steps, neurons) voltages of the kernel's neurons, for all times at once."""
    return np.stack([np.convolve(column, kernel)[: len(column)] for column in arrivals.T], axis=1)


def respond(rates: np.ndarray, row: int) -> np.ndarray:
    """(steps) value of a state at the ends of steps after a unit input to the last state at the start of the first."""
    step = expm(rates * DT)
    return np.array([np.linalg.matrix_power(step, k + 1)[row, -1] for k in range(STEPS)])


LIF_RATES = np.array([[-1 / TAU_MEM, 1 / TAU_MEM], [0, -1 / TAU_SYN]])


def test_two_passes_are_those_of_the_authors_for_all_times_at_once():
    network, batch = make_network(recurrent="two_pass"), make_batch(1)
    rng = np.random.default_rng(2)
    own, between = rng.normal(0.35, 0.2, (INPUTS, 6)), rng.normal(0.0, 0.4, (6, 6))
    # Their second pass adds the voltage of the first to that of its own input: twice the weights.
    weights = {"input_hidden_first": own, "input_hidden": 2 * own, "hidden_first_hidden": between}
    with compile_paralif(network) as model:
        model.set_parameters(weights)
        counts = model.evaluate_batch(batch).spike_counts
    kernel = respond(LIF_RATES, 0)
    for sample in range(len(batch)):
        inputs = count_arrivals(batch, sample) @ own
        first = convolve(inputs, kernel)
        state = np.concatenate([np.zeros((1, 6)), first >= 1])[:STEPS]
        final = first + convolve(inputs + state @ between, kernel)
        assert 10 < state.sum() < 400
        np.testing.assert_array_equal(counts["hidden"][sample], (final >= 1).sum(axis=0))


def test_layers_and_settings_of_two_passes():
    network = make_network(num_hidden=[4, 5], recurrent=["two_pass", True])
    assert network.hidden == ("hidden0_first", "hidden0", "hidden1")
    assert [c.name for c in network.connections] == [
        *("input_hidden0_first", "input_hidden0", "hidden0_first_hidden0"),
        *("hidden0_hidden1", "hidden1_hidden1", "hidden1_output"),
    ]
    settings = {"num_hidden": 4, "recurrent": "two_pass", "weights": {"hidden_hidden": {"mean": 0.5, "std": 0.1}}}
    built = build_network(Config.from_values({"network": settings}), INPUTS, CLASSES)
    assert built.hidden == ("hidden_first", "hidden")
    assert next(c for c in built.connections if c.name == "hidden_first_hidden").weight.mean == 0.5
    with pytest.raises(SettingError, match="use True, False or 'two_pass'"):
        make_network(recurrent="twice")


def test_the_delta_form_spikes_while_the_voltage_rises_and_has_the_surrogate_gradient():
    network, batch, tau_delta, threshold = (
        make_network(num_hidden=1, neuron="paralif_delta", neuron_values={"v_threshold": 0.01}),
        make_batch(3),
        1.0,
        0.01,
    )
    rates = np.array([[-1 / TAU_MEM, 0, 1 / TAU_MEM], [1 / tau_delta, -1 / tau_delta, 0], [0, 0, -1 / TAU_SYN]])
    with compile_paralif(network) as model:
        weights = model.parameters
        weights["input_hidden"] = np.linspace(-0.05, 0.2, INPUTS)[:, None]
        model.set_parameters(weights)
        result = model.gradient(batch)
    by_weight = np.zeros((INPUTS, 1))
    rise, voltage = (respond(rates, 0) - respond(rates, 1), respond(rates, 0))
    for sample in range(len(batch)):
        traces = convolve(count_arrivals(batch, sample), rise)
        distance = traces @ weights["input_hidden"][:, 0] - threshold
        assert result.spike_counts["hidden"][sample, 0] == (distance >= 0).sum() > 10
        # one step of V, as the authors compare it, mostly agrees
        steps = np.diff(convolve(count_arrivals(batch, sample), voltage) @ weights["input_hidden"][:, 0], prepend=0)
        assert np.mean((steps >= threshold) == (distance >= 0)) > 0.8
        by_spike = 1 / (1 + (np.pi * distance) ** 2)
        sent = np.concatenate([np.zeros((1, INPUTS)), by_spike[:, None] * traces])[:STEPS]
        softmax = np.exp(result.logits[sample]) / np.exp(result.logits[sample]).sum()
        error = softmax - (np.arange(CLASSES) == batch.labels[sample])
        read = convolve(sent, respond(LIF_RATES, 0)).mean(axis=0)
        by_weight += read[:, None] * (weights["hidden_output"][0] @ error) / len(batch)
    np.testing.assert_allclose(result.gradients["input_hidden"], by_weight, rtol=1e-8)
