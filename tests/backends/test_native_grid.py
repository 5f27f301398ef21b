"""The native back end computes what the design's discretisation says, spike for spike and gradient for gradient."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from genn_shd import Normal, SpikeCountRegularisation, SpikeTrains, compile_network
from genn_shd.models import recurrent_classifier
from genn_shd.models.losses import LOSSES
from tests.compiler_flags import VECTORS
from tests.naive_grid import written_out

GRADED = [name for name, loss in LOSSES.items() if loss.differentiable]

NUM_INPUT, NUM_CLASSES, NUM_STEPS = 7, 3, 60
REGULARISATION = SpikeCountRegularisation(upper=2.0, lower=4.0 - 2.5, strength_upper=0.01, strength_lower=0.02)

# Values of a loss's parameters for which all of its terms count.
LOSS_VALUES = {
    "first_spike": {"tau_0": 3.0, "alpha": 3.0},
    "first_spike_exp": {"tau_0": 3.0, "tau_1": 30.0, "alpha": 0.1},
    "sum_input": {"tau_input": 8.0, "input_gain": 2.0},
    "sum_sigmoid": {"steepness": 8.0, "centre": 0.4},
}


def _samples(seed: int, count: int, dt: float) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    samples = []
    for size in rng.integers(20, 60, count):
        times = np.sort(rng.uniform(0, NUM_STEPS * dt * 1.1, size)).astype(np.float32)
        samples.append((times, rng.integers(0, NUM_INPUT, size)))
    return samples


def _network(loss: str, hidden: tuple[int, ...], recurrent: bool, tau_syn: float = 5.0, **changes):
    weights = {name: Normal(0.6, 0.5) for name in ("input_hidden", "input_hidden0")}
    weights |= {"hidden0_hidden1": Normal(0.6, 0.6), "hidden_hidden": Normal(0, 0.4)}
    weights |= {"hidden_output": Normal(0.4, 0.6), "hidden1_output": Normal(0.5, 0.6)}
    names = {"hidden": {"input_hidden", "hidden_hidden", "hidden_output"}} if len(hidden) == 1 else {}
    names = names.get("hidden", {"input_hidden0", "hidden0_hidden1", "hidden1_output"})
    if not recurrent:
        names = names - {"hidden_hidden"}
    return recurrent_classifier(
        NUM_INPUT,
        hidden,
        NUM_CLASSES,
        recurrent=[recurrent] * len(hidden),
        loss=loss,
        loss_scale=2.0,
        tau_mem=12.0,
        tau_syn=tau_syn,
        output_tau_mem=15.0,
        output_tau_syn=4.0,
        loss_values=LOSS_VALUES.get(loss, {}),
        weights={k: w for k, w in weights.items() if k in names},
        regularisation=REGULARISATION,
        **changes,
    )


# Every loss on connections of every kind, with vectors; networks that have fewer, without, with a loss of each kind: of
# voltages at the end, at every step, and of spikes.
CASES = [pytest.param(loss, (5, 20), True, marks=pytest.mark.cflags(VECTORS)) for loss in GRADED]
CASES += itertools.product(("sum_exp", "xentropy", "first_spike_exp"), [(6,)], [True, False])
CASES += itertools.product(("sum_exp", "xentropy", "first_spike_exp"), [(5, 20)], [False])


@pytest.mark.parametrize(("loss", "hidden", "recurrent"), CASES)
@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_equals_the_discretisation_written_out(loss, hidden, recurrent, dt):
    samples, labels = _samples(3, 5, dt), [0, 2, 1, 1, 0]
    network = _network(loss, hidden, recurrent)
    batch = SpikeTrains.from_events(samples, labels=labels, num_units=NUM_INPUT)
    with compile_network(
        network, batch_size=8, dt=dt, duration=NUM_STEPS * dt, precision="float64", seed=1, scheme="grid"
    ) as model:
        result = model.gradient(batch)
        expected = written_out(network, model.parameters, dt, NUM_STEPS).batch(samples, labels)
    for name, counts in expected["counts"].items():
        np.testing.assert_array_equal(result.spike_counts[name], counts)
    assert expected["counts"][network.hidden[-1]].sum() > 10
    np.testing.assert_allclose(result.losses, expected["losses"], rtol=1e-11)
    np.testing.assert_allclose(result.logits, expected["logits"], rtol=1e-11, atol=1e-14)
    for name, gradient in expected["gradients"].items():
        assert np.abs(gradient).max() > 0
        np.testing.assert_allclose(result.gradients[name], gradient, rtol=1e-8, atol=1e-10 * np.abs(gradient).max())


@pytest.mark.cflags(VECTORS)
@pytest.mark.parametrize("average", ["batch", "trial"])
@pytest.mark.parametrize("total_upper", [15.0, 1e4])
def test_spike_counts_are_averaged_or_not_and_summed_over_the_population(average, total_upper):
    rule = replace(REGULARISATION, average=average, total_upper=total_upper, strength_total=0.03)
    network = _network("sum_exp", (5, 20), True)
    regularised = [replace(p, regularisation=rule) if p.name in network.hidden else p for p in network.populations]
    network = replace(network, populations=tuple(regularised))
    samples, labels = _samples(3, 5, 1.0), [0, 2, 1, 1, 0]
    batch = SpikeTrains.from_events(samples, labels=labels, num_units=NUM_INPUT)
    with compile_network(
        network, batch_size=8, duration=NUM_STEPS, precision="float64", seed=1, scheme="grid"
    ) as model:
        result = model.gradient(batch)
        expected = written_out(network, model.parameters, 1.0, NUM_STEPS).batch(samples, labels)
    totals = expected["counts"]["hidden0"].sum(axis=1)
    assert totals.min() < 15 < totals.mean()
    for name, gradient in expected["gradients"].items():
        np.testing.assert_allclose(result.gradients[name], gradient, rtol=1e-8, atol=1e-10 * np.abs(gradient).max())


@pytest.mark.parametrize("loss", ["sum_exp", "first_spike_exp"])
@pytest.mark.parametrize("hidden", [(6,), pytest.param((5, 20), marks=pytest.mark.cflags(VECTORS))])
def test_adaptive_neurons_equal_the_discretisation_written_out(loss, hidden):
    values = {"tau_adapt": 30.0, "increment": 0.4}
    network = _network(loss, hidden, True, neuron="alif", neuron_values=values)
    samples, labels = _samples(3, 5, 1.0), [0, 2, 1, 1, 0]
    batch = SpikeTrains.from_events(samples, labels=labels, num_units=NUM_INPUT)
    with compile_network(
        network, batch_size=8, duration=NUM_STEPS, precision="float64", seed=1, scheme="grid"
    ) as model:
        result = model.gradient(batch)
        plain = written_out(network, model.parameters, 1.0, NUM_STEPS)
    expected, last = replace(plain, **values).batch(samples, labels), network.hidden[-1]
    for name in network.hidden:
        np.testing.assert_array_equal(result.spike_counts[name], expected["counts"][name])
    assert 10 < expected["counts"][last].sum() < plain.batch(samples, labels)["counts"][last].sum()
    np.testing.assert_allclose(result.losses, expected["losses"], rtol=1e-11)
    for name, gradient in expected["gradients"].items():
        np.testing.assert_allclose(result.gradients[name], gradient, rtol=1e-8, atol=1e-10 * np.abs(gradient).max())


def test_adaptive_neurons_on_fine_grids_are_those_of_the_exact_scheme():
    """Whose gradients are those of finite differences; both have the step as their delay."""
    network = _network("sum_exp", (6,), True, neuron="alif", neuron_values={"tau_adapt": 30.0, "increment": 0.4})
    rng = np.random.default_rng(2)
    events = [(np.sort(rng.integers(1, 50, 25)).astype(float), rng.integers(0, NUM_INPUT, 25)) for _ in range(3)]
    errors = []
    for dt in (0.1, 0.02):
        found = []
        for scheme, early in (("exact", 0.0), ("grid", dt)):
            trains = SpikeTrains.from_events([(t - early, u) for t, u in events], labels=[0, 1, 2], num_units=NUM_INPUT)
            with compile_network(
                network, batch_size=3, dt=dt, duration=NUM_STEPS, precision="float64", seed=1, scheme=scheme
            ) as model:
                found.append(model.gradient(trains))
        np.testing.assert_array_equal(*(r.spike_counts["hidden"] for r in found))
        exact, grid = (r.gradients for r in found)
        errors.append([np.linalg.norm(grid[n] - g) / np.linalg.norm(g) for n, g in exact.items()])
    assert np.max(errors[1]) < 0.02
    assert np.max(errors[1]) < 0.4 * np.max(errors[0])


@pytest.mark.parametrize("loss", ["first_spike", "first_spike_exp"])
def test_a_silent_label_output_is_pushed_up(loss):
    network = _network(loss, (6,), True)
    batch = SpikeTrains.from_events([([5.0, 6.0, 7.0], [0, 1, 2])] * 2, labels=[0, 1], num_units=NUM_INPUT)
    with compile_network(network, batch_size=2, duration=NUM_STEPS, precision="float64", scheme="grid") as model:
        model.set_parameters({"input_hidden": np.full((NUM_INPUT, 6), 3.0), "hidden_output": np.full((6, 3), 0.05)})
        result = model.gradient(batch)
        expected = written_out(network, model.parameters, 1.0, NUM_STEPS).batch([batch[0], batch[1]], [0, 1])
    assert result.spike_counts["hidden"].sum() > 0
    assert result.spike_counts["output"].sum() == 0
    assert np.all(result.gradients["hidden_output"][:, :2] < 0)
    assert np.all(result.gradients["hidden_output"][:, 2] == 0)
    np.testing.assert_allclose(result.gradients["hidden_output"], expected["gradients"]["hidden_output"], rtol=1e-9)
