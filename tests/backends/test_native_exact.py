"""The exact scheme: gradients equal central differences of the very simulation that ran, at any step."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from genn_shd import (
    Connection,
    Gamma,
    LossModel,
    Network,
    NeuronModel,
    Normal,
    Parameter,
    Population,
    SpikeTrains,
    compile_network,
)
from genn_shd.backends.gradient_check import compute_central_differences
from genn_shd.models import LIF, recurrent_classifier
from genn_shd.models.losses import LOSSES, weighted_sum
from tests.compiler_flags import VECTORS, compiler_flags

GRADED = [name for name, loss in LOSSES.items() if loss.differentiable]

NUM_INPUT, NUM_CLASSES, DURATION = 8, 3, 60.0
# Values of a loss's parameters for which all of its terms count.
LOSS_VALUES = {
    "first_spike": {"tau_0": 5.0, "alpha": 3.0},
    "first_spike_exp": {"tau_0": 5.0, "tau_1": 30.0, "alpha": 0.1},
    "sum_input": {"tau_input": 8.0, "input_gain": 2.0},
    "sum_sigmoid": {"steepness": 8.0, "centre": 0.4},
}
FIRST_SPIKE = LOSS_VALUES["first_spike_exp"]


def _batch(seed: int = 1, spikes: int = 60, grid: float | None = None) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    events = []
    for _ in range(3):
        times = np.sort(rng.uniform(0, DURATION, spikes))
        times = times if grid is None else np.floor(times / grid) * grid
        events.append((times.astype(np.float32), rng.integers(0, NUM_INPUT, spikes)))
    return SpikeTrains.from_events(events, labels=[0, 1, 2], num_units=NUM_INPUT)


def _network(loss: str | LossModel = "sum_exp", hidden=6, recurrent=True, **changes) -> Network:
    names = ["hidden"] if isinstance(hidden, int) else ["hidden0", "hidden1"]
    weights = {f"input_{names[0]}": Normal(0.8, 0.5), f"{names[-1]}_output": Normal(0.6, 0.5)}
    weights |= {f"{n}_{n}": Normal(0, 0.3) for n in names}
    if len(names) == 2:
        weights["hidden0_hidden1"] = Normal(0.7, 0.5)
    settings = {"loss_values": {} if isinstance(loss, LossModel) else LOSS_VALUES.get(loss, {}), "weights": weights}
    recurrent = recurrent if isinstance(hidden, int) else (recurrent, recurrent)
    return recurrent_classifier(
        NUM_INPUT, hidden, NUM_CLASSES, recurrent, loss, loss_scale=2.0, **{**settings, **changes}
    )


def _compile(network: Network, dt: float, **changes):
    settings = {"batch_size": 4, "duration": DURATION, "precision": "float64", "scheme": "exact", "seed": 3}
    return compile_network(network, dt=dt, num_threads=1, **{**settings, **changes})


def _worst_error(model, batch: SpikeTrains, count: int = 12) -> float:
    gradients = model.gradient(batch).gradients
    rng = np.random.default_rng(0)
    errors = []
    for name, gradient in gradients.items():
        indices = rng.choice(gradient.size, min(count, gradient.size), replace=False)
        slopes, smooth = compute_central_differences(model, batch, name, indices)
        assert smooth.mean() > 0.8
        analytic = gradient.flat[indices]
        assert np.linalg.norm(slopes) > 0
        errors.append(np.linalg.norm((analytic - slopes)[smooth]) / np.linalg.norm(slopes[smooth]))
    return max(errors)


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "dt"), list(itertools.product(GRADED, [0.25, 1.0, 2.0])))
def test_every_loss_at_every_step(loss, dt):
    with _compile(_network(loss), dt) as model:
        result = model.evaluate_batch(_batch())
        assert result.spike_counts["hidden"].mean() > 5
        if loss.startswith("first_spike"):
            labels = _batch().labels
            assert np.all(result.spike_counts["output"][np.arange(3), labels] > 0)
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(
    "weight", ["exp(-((t / T - 0.5) / 0.2)**2)", "1 - 2 * t / T", "activity * fmax(0, t / T - 0.2)"]
)
def test_a_weight_of_ones_own(weight):
    """Below zero too: then what an output does late speaks against its class."""
    loss = weighted_sum("sum_weighted", weight, {"input_gain": Parameter(2.0)})
    with _compile(_network(loss), 1.0) as model:
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [6, (5, 6)])
@pytest.mark.parametrize("recurrent", [True, False])
@pytest.mark.parametrize("dt", [0.5, 1.0])
def test_depth_and_recurrence(hidden, recurrent, dt):
    with _compile(_network("sum", hidden, recurrent), dt) as model:
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("dt", [1.0, 5.0])
def test_heterogeneous_time_constants(dt):
    network = _network(tau_mem=Gamma(20.0, 5.0, 5.0, 60.0), tau_syn=Gamma(5.0, 5.0, 2.0, 15.0))
    with _compile(network, dt) as model:
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("tau_adapt", [50.0, 20.0, 5.0])
@pytest.mark.parametrize("hidden", [6, (5, 6)])
def test_adaptive_thresholds(tau_adapt, hidden):
    adaptive = _network("sum", hidden, neuron="alif", neuron_values={"tau_adapt": tau_adapt, "increment": 0.3})
    with _compile(adaptive, 1.0) as model, _compile(_network("sum", hidden), 1.0) as without:
        counts = [m.evaluate_batch(_batch()).spike_counts for m in (model, without)]
        for name in adaptive.hidden:
            assert 5 < counts[0][name].sum() < counts[1][name].sum()
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.slow
def test_steps_long_against_a_time_constant():
    """The adjoint cannot be followed from a spike to the end of such a step: each arrival before it meets its jump."""
    network = _network("sum", tau_mem=Gamma(20.0, 5.0, 5.0, 60.0), tau_syn=Gamma(0.8, 5.0, 0.5, 1.5))
    with _compile(network, 10.0) as model:
        model.set_parameters({"input_hidden": model.parameters["input_hidden"] * 10})
        assert model.evaluate_batch(_batch()).spike_counts["hidden"].mean() > 5
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("tau_syn", [20.0, 20.0 * (1 + 1e-7), 19.0, 40.0])
def test_time_constants_that_meet(tau_syn):
    with _compile(_network(tau_syn=tau_syn, output_tau_syn=tau_syn), 1.0) as model:
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.cflags(VECTORS)
def test_neurons_alike_and_neurons_each_give_the_same():
    """The two forms of the inner loops: one propagator for all, or one for each neuron."""
    with _compile(_network(), 1.0) as model:
        alike = model.gradient(_batch())
        tau = model.values["hidden.tau_mem"]
        tau[2] *= 1 + 1e-12
        model.set_value("hidden.tau_mem", tau)
        each = model.gradient(_batch())
    np.testing.assert_array_equal(alike.spike_counts["hidden"], each.spike_counts["hidden"])
    for name, gradient in alike.gradients.items():
        np.testing.assert_allclose(each.gradients[name], gradient, rtol=1e-8, atol=1e-11)


@pytest.mark.slow
def test_input_on_the_grid_and_many_spikes_at_one_time():
    with _compile(_network(), 1.0) as model:
        assert _worst_error(model, _batch(grid=1.0)) < 1e-6
        assert _worst_error(model, _batch(grid=5.0)) < 1e-6


def test_several_spikes_of_a_neuron_in_one_step():
    with _compile(_network("sum", recurrent=False), 10.0) as model:
        model.set_parameters({"input_hidden": model.parameters["input_hidden"] * 6})
        result = model.evaluate_batch(_batch())
        assert result.spike_counts["hidden"].max() > 2 * DURATION / 10.0
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.slow
def test_a_definition_with_more_state_needs_nothing_in_the_back_end():
    adaptive = NeuronModel(
        name="adaptive",
        parameters={**LIF.parameters, "tau_adapt": Parameter(50.0, "ms", 0.0), "increment": Parameter(0.3)},
        state={"V": 0.0, "A": 0.0},
        dynamics={"V": "(I - V) / tau_mem", "A": "-A / tau_adapt"},
        threshold="V - v_threshold - A",
        reset={"V": "v_reset", "A": "A + increment"},
    )
    plain = _network()
    populations = tuple(
        Population(p.name, p.size, adaptive, p.synapse, p.values) if p.name == "hidden" else p
        for p in plain.populations
    )
    network = Network(populations, plain.connections, plain.loss, plain.loss_values)
    with _compile(network, 1.0) as model, _compile(plain, 1.0) as without:
        counts = model.evaluate_batch(_batch()).spike_counts["hidden"]
        assert 0 < counts.sum() < without.evaluate_batch(_batch()).spike_counts["hidden"].sum()
        assert _worst_error(model, _batch()) < 1e-6


def test_the_grid_scheme_is_not_exact_so_this_can_fail():
    with _compile(_network(), 1.0) as exact, _compile(_network(), 1.0, scheme="grid") as grid:
        slopes, _ = compute_central_differences(exact, _batch(), "input_hidden", np.arange(NUM_INPUT * 6))
        error = np.linalg.norm(grid.gradient(_batch()).gradients["input_hidden"].ravel() - slopes)
    assert error > 0.05 * np.linalg.norm(slopes)


def test_a_step_is_a_delay_and_nothing_else_changes_with_it():
    """Without hidden targets of hidden spikes, first spike times do not depend on the step at all."""
    network = Network(
        (Population("input", NUM_INPUT), _network("first_spike_exp").output),
        (Connection("input", "output", Normal(0.8, 0.2)),),
        LOSSES["first_spike_exp"],
        {**FIRST_SPIKE, "loss_scale": 1.0},
    )
    logits = []
    for dt in (0.05, 1.0):
        with _compile(network, dt) as model:
            result = model.evaluate_batch(_batch(spikes=25))
            assert result.spike_counts["output"].sum() > 5
            logits.append(result.logits)
    # A step sees a spike only if it ends above the threshold: all first spikes here do at both steps.
    np.testing.assert_allclose(logits[0], logits[1], atol=1e-6)


def test_grazing_spikes_are_bounded_and_counted():
    network = Network(
        (Population("input", 1), _network("first_spike_exp").output),
        (Connection("input", "output", 1.0),),
        LOSSES["first_spike_exp"],
        FIRST_SPIKE,
    )
    ratio = 5.0 / 20.0
    time_to_peak = np.log(1 / ratio) / (1 / 5.0 - 1 / 20.0)
    batch = SpikeTrains.from_events([([12.0 - time_to_peak], [0])], labels=[0], num_units=1)
    # The smallest weight (to rounding) at which one event reaches the threshold: it grazes it at a step's end.
    weight = np.float32(1.0 / ratio ** (1 / (1 - ratio)) * (1 - 1e-6))
    with _compile(network, 1.0, precision="float32", duration=30.0) as model:
        for _ in range(100):
            model.set_parameters({"input_output": np.full((1, 3), weight)})
            result = model.gradient(batch)
            if result.spike_counts["output"].sum():
                break
            weight = np.nextafter(weight, np.float32(np.inf))
        steep = model.gradient(SpikeTrains.from_events([([2.0, 2.0], [0, 0])], labels=[0], num_units=1))
    assert result.spike_counts["output"].sum() == 3
    assert result.grazing == 3
    assert steep.grazing == 0
    assert np.all(np.isfinite(result.gradients["input_output"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "heterogeneous", [{}, {"tau_mem": Gamma(20.0, 5.0, 5.0, 60.0), "tau_syn": Gamma(5.0, 5.0, 2.0, 15.0)}]
)
@pytest.mark.parametrize("dt", [1.0, 5.0])
def test_float32_follows_float64(heterogeneous, dt):
    network = _network(**heterogeneous)
    with compiler_flags(VECTORS):
        single = _compile(network, dt, precision="float32")
    with single, _compile(network, dt) as double:
        a, b = single.gradient(_batch()), double.gradient(_batch())
    np.testing.assert_array_equal(a.spike_counts["hidden"], b.spike_counts["hidden"])
    for name, gradient in b.gradients.items():
        assert np.linalg.norm(a.gradients[name] - gradient) < 1e-3 * np.linalg.norm(gradient)


def test_threads_and_groups_do_not_change_a_bit():
    rng = np.random.default_rng(2)
    events = [(np.sort(rng.uniform(0, DURATION, 60)), rng.integers(0, NUM_INPUT, 60)) for _ in range(16)]
    batch = SpikeTrains.from_events(events, labels=rng.integers(0, 3, 16), num_units=NUM_INPUT)
    results = []
    for threads in (1, 3):
        with compile_network(
            _network(), batch_size=16, duration=DURATION, scheme="exact", num_threads=threads
        ) as model:
            results.append(model.train_batch(batch).gradients)
    for name, gradient in results[0].items():
        np.testing.assert_array_equal(gradient, results[1][name])


@pytest.mark.slow
@pytest.mark.cflags(VECTORS)
@pytest.mark.parametrize("size", [13, 530])
def test_a_neuron_does_the_same_wherever_it_stands_among_the_others(size):
    turned = np.arange(size)[::-1]
    with _compile(_network(hidden=size, recurrent=False), 1.0, precision="float32") as model:
        before = model.evaluate_batch(_batch()).spike_counts["hidden"]
        weights = dict(model.parameters)
        weights["input_hidden"] = weights["input_hidden"][:, turned]
        model.set_parameters(weights)
        after = model.evaluate_batch(_batch()).spike_counts["hidden"]
    assert np.count_nonzero(before[:, -16:].sum(axis=0)) > 8
    assert np.array_equal(after, before[:, turned])
