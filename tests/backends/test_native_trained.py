"""Trained parameters of neurons: gradients exact in the exact scheme, the same in the limit on the grid; training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import (
    Gamma,
    Network,
    NeuronModel,
    Normal,
    Parameter,
    SettingError,
    SpikeCountRegularisation,
    SpikeTrains,
    Trained,
    check_gradients,
    compile_network,
)
from genn_shd.models import recurrent_classifier
from genn_shd.models.neurons import LI
from tests.compiler_flags import BRIEF, VECTORS, compiler_flags
from tests.differences import compute_errors

pytestmark = [pytest.mark.slow, pytest.mark.cflags(BRIEF)]

NUM_INPUT, NUM_CLASSES, DURATION = 8, 3, 60.0
HIDDEN = {name: Trained(minimum) for name, minimum in [("tau_mem", 3.0), ("tau_syn", 1.0), ("v_threshold", 0.1)]}
HIDDEN["v_reset"] = Trained(-1.0)
OUTPUT = {name: HIDDEN[name] for name in ("tau_mem", "tau_syn")}


def _batch(labels=(0, 1, 2), spikes: int = 60, seed: int = 1) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    events = [
        (np.sort(rng.uniform(0, DURATION, spikes)).astype(np.float32), rng.integers(0, NUM_INPUT, spikes))
        for _ in labels
    ]
    return SpikeTrains.from_events(events, labels=labels, num_units=NUM_INPUT)


def _network(loss: str = "sum_exp", hidden=6, recurrent=True, **changes) -> Network:
    first, last = ("hidden", "hidden") if isinstance(hidden, int) else ("hidden0", "hidden1")
    weights = {f"input_{first}": Normal(0.8, 0.5), f"{last}_output": Normal(0.8, 0.3)}
    if first != last:
        weights["hidden0_hidden1"] = Normal(0.7, 0.5)
    elif recurrent:
        weights["hidden_hidden"] = Normal(0, 0.3)
    settings = {
        "loss_values": {"tau_0": 5.0, "tau_1": 30.0, "alpha": 0.1} if loss == "first_spike_exp" else {},
        "weights": weights,
        "tau_mem": Gamma(15.0, 3.0, 4.0, 40.0),
        "tau_syn": Gamma(5.0, 3.0, 1.5, 15.0),
        "output_tau_mem": Gamma(15.0, 3.0, 4.0, 40.0),
        "output_tau_syn": 5.0,
        "trained": HIDDEN,
        "output_trained": HIDDEN if loss == "first_spike_exp" else OUTPUT,
    }
    return recurrent_classifier(NUM_INPUT, hidden, NUM_CLASSES, recurrent, loss, 2.0, **{**settings, **changes})


def _compile(network: Network, dt: float = 1.0, **changes):
    settings = {"batch_size": 4, "duration": DURATION, "precision": "float64", "seed": 3, "num_threads": 1}
    return compile_network(network, dt=dt, **{**settings, **changes})


@pytest.mark.slow
@pytest.mark.parametrize("dt", [0.5, 2.0])
@pytest.mark.parametrize(
    ("hidden", "loss"),
    [
        *((6, loss) for loss in ("sum_exp", "max", "xentropy", "first_spike_exp")),
        # A further layer knows nothing of the loss, but for whether outputs spike.
        *(((5, 4), loss) for loss in ("sum_exp", "first_spike_exp")),
    ],
)
def test_gradients_are_those_of_the_simulation(loss, hidden, dt):
    with _compile(_network(loss, hidden), dt) as model:
        batch = _batch()
        if loss == "first_spike_exp":
            # The rule that wakes a silent label's output is no gradient: take labels whose outputs spike.
            labels = model.evaluate_batch(batch).spike_counts["output"].argmax(axis=1)
            batch = _batch(labels)
        result = model.gradient(batch)
        errors = {
            name: compute_errors(model, batch, name, gradient, 1e-6, result.loss)[0]
            for name, gradient in result.gradients.items()
            if "." in name and gradient.any()
        }
    trained = (4 if hidden == 6 else 8) + (4 if loss == "first_spike_exp" else 2)
    assert trained - 1 <= len(errors) <= trained
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.cflags(VECTORS)
def test_an_adaptive_threshold_is_trained_too():
    trained = {name: Trained(0.05) for name in ("tau_mem", "tau_syn", "tau_adapt", "increment", "v_threshold")}
    network = _network(neuron="alif", neuron_values={"tau_adapt": 40.0, "increment": 0.2}, trained=trained)
    with _compile(network) as model:
        checks = {c.name: c for c in check_gradients(model, _batch(), entries=6)}
    assert {f"hidden.{name}" for name in trained} < set(checks)
    for check in checks.values():
        assert check.norm > 0 and check.relative_error < 1e-6, check


def test_equal_time_constants_are_no_special_case():
    network = _network(tau_mem=5.0, tau_syn=5.0, output_tau_mem=5.0)
    with _compile(network) as model:
        for check in check_gradients(model, _batch(), entries=6):
            assert check.relative_error < 1e-6, check


@pytest.mark.parametrize("loss", ["sum_exp", "max", "xentropy", "first_spike_exp"])
def test_on_a_fine_grid_they_are_the_same(loss):
    network = _network(loss, recurrent=False)
    batch = _batch(spikes=20)
    with _compile(network, 0.002, scheme="grid") as grid, _compile(network, 0.002, scheme="exact") as exact:
        ours, true = grid.gradient(batch), exact.gradient(batch)
    for name in (n for n in true.gradients if "." in n):
        error = np.linalg.norm(ours.gradients[name] - true.gradients[name])
        assert error < 0.04 * np.linalg.norm(true.gradients[name]) + 1e-12, name


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_outputs_that_start_elsewhere_learn_from_before_the_first_spike(scheme):
    drifting = replace(LI, name="LI from above", state={"V": 5.0})
    network, batch = _network(recurrent=False), _batch()
    late = SpikeTrains.from_events([(t + 45, u) for t, u in batch], labels=batch.labels, num_units=NUM_INPUT)
    output = replace(network.output, neuron=drifting)
    with _compile(replace(network, populations=(*network.populations[:-1], output)), scheme=scheme) as model:
        (check,) = check_gradients(model, late, entries=6, names=["output.tau_mem"])
    assert check.norm > 0 and check.relative_error < 1e-5, check


def test_outputs_that_a_constant_drives_learn_from_before_the_first_spike():
    driven = NeuronModel(
        name="LI with a bias",
        parameters={**LI.parameters, "bias": Parameter(0.5)},
        state={"V": 0.0},
        dynamics={"V": "(I + bias - V) / tau_mem"},
    )
    network, batch = _network(recurrent=False), _batch()
    late = SpikeTrains.from_events([(t + 25, u) for t, u in batch], labels=batch.labels, num_units=NUM_INPUT)
    trained = {"bias": Trained(-1.0), "tau_mem": Trained(3.0)}
    output = replace(network.output, neuron=driven, values={"tau_mem": 15.0}, trained=trained)
    with _compile(replace(network, populations=(*network.populations[:-1], output)), scheme="grid") as model:
        checks = check_gradients(model, late, entries=6, names=["output.bias", "output.tau_mem"])
    assert len(checks) == 2
    for check in checks:
        assert check.norm > 0 and check.relative_error < 1e-6, check


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_what_the_count_rule_asks_of_a_neuron_reaches_its_parameters(scheme):
    """A rule that wants fewer spikes lengthens nothing: it raises thresholds."""
    rule = SpikeCountRegularisation(upper=1.0, strength_upper=1.0)
    network = _network(recurrent=False, regularisation=rule)
    with _compile(network, scheme=scheme) as model:
        result = model.gradient(_batch())
        model.set_value("regularisation.hidden.strength_upper", 0.0)
        without = model.gradient(_batch())
    pull = result.gradients["hidden.v_threshold"] - without.gradients["hidden.v_threshold"]
    active = result.spike_counts["hidden"].mean(axis=0) > 1.5
    assert active.any() and (pull[active] < 0).all()


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_the_count_rule_of_a_trial_asks_by_its_own_spikes(scheme):
    rule = SpikeCountRegularisation(upper=1.0, strength_upper=1.0, average="trial")
    batch = SpikeTrains.from_events(
        [(t[t < end], u[t < end]) for (t, u), end in zip(_batch(), (15, 30, 60), strict=True)],
        labels=[0, 1, 2],
        num_units=NUM_INPUT,
    )
    with _compile(_network(regularisation=rule), scheme=scheme) as model:
        together = model.gradient(batch).gradients
        alone = [model.gradient(batch.select([sample])).gradients for sample in range(3)]
    for name, gradient in together.items():
        np.testing.assert_allclose(gradient, np.mean([g[name] for g in alone], axis=0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_float32_is_close(scheme):
    network, results = _network(recurrent=False), {}
    for precision, flags in (("float32", VECTORS), ("float64", BRIEF)):
        with compiler_flags(flags), _compile(network, precision=precision, scheme=scheme) as model:
            results[precision] = model.gradient(_batch()).gradients
    for name, gradient in results["float64"].items():
        assert np.linalg.norm(results["float32"][name] - gradient) < 1e-3 * np.linalg.norm(gradient), name


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_the_optimiser_moves_them_and_stops_at_the_minimum(scheme):
    trained = {"tau_mem": Trained(15.0, rate=10.0), "tau_syn": Trained(1.0)}
    with _compile(_network(tau_mem=15.05, trained=trained), learning_rate=0.01, scheme=scheme) as model:
        start, first = model.parameters, model.gradient(_batch()).gradients["hidden.tau_mem"]
        model.train_batch(_batch())
        moved = model.parameters["hidden.tau_mem"]
        # Adam's first step is the learning rate, whatever the gradient.
        down = first > 0
        assert np.allclose(moved[~down], start["hidden.tau_mem"][~down] + 0.1, atol=1e-4)
        assert np.all(moved[down] == 15.0) and down.any() and not down.all()
        assert np.array_equal(model.values["hidden.tau_mem"], moved)
        change = np.abs(model.parameters["hidden.tau_syn"] - start["hidden.tau_syn"])
        assert np.allclose(change, 0.01, atol=1e-4)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_training_goes_on_from_parameters_and_optimiser_state(precision):
    network = _network(trained={name: replace(how, rate=50.0) for name, how in HIDDEN.items()})
    with _compile(network, precision=precision) as model, _compile(network, precision=precision, seed=4) as other:
        for _ in range(4):
            other.set_parameters(model.parameters)
            other.set_optimiser_state(model.optimiser_state)
            for each in (model, other):
                each.train_batch(_batch())
            for name, array in model.parameters.items():
                assert np.array_equal(array, other.parameters[name]), name
            for name in network.find_population("hidden").trained:
                assert np.array_equal(model.values[f"hidden.{name}"], other.values[f"hidden.{name}"]), name


def test_a_value_that_is_set_is_trained_from():
    with _compile(_network()) as model:
        model.set_value("hidden.tau_mem", 12.0)
        assert np.array_equal(model.parameters["hidden.tau_mem"], np.full(6, 12.0))
        model.set_parameters({"hidden.tau_mem": np.full(6, 13.0)})
        assert np.array_equal(model.values["hidden.tau_mem"], np.full(6, 13.0))


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_results_do_not_depend_on_threads(scheme):
    results = []
    for threads in (1, 3):
        with _compile(_network(), num_threads=threads, scheme=scheme) as model:
            results.append(model.gradient(_batch()).gradients)
    for name, gradient in results[0].items():
        assert np.array_equal(gradient, results[1][name]), name


def test_wrong_names_bounds_and_steps_are_refused():
    with pytest.raises(SettingError, match="tau_men.*tau_mem"):
        _network(trained={"tau_men": Trained(1.0)})
    with pytest.raises(SettingError, match="minimum"):
        _network(trained={"tau_mem": Trained(-1.0)})
    with pytest.raises(SettingError, match="rate"):
        Trained(1.0, rate=0.0)
    with pytest.raises(SettingError, match="too long a step"):
        _compile(_network(tau_syn=0.1), dt=5.0)
    with pytest.raises(SettingError, match="too long a step"):
        _compile(_network(tau_syn=1e-3))


def test_a_value_that_is_refused_changes_nothing():
    with _compile(_network()) as model:
        before, parameters = model.values, model.parameters
        refused = {"hidden.tau_syn": np.full(6, 1e-2), "input_hidden": parameters["input_hidden"] + 1}
        with pytest.raises(SettingError, match="too long a step"):
            model.set_value("hidden.tau_syn", 1e-2)
        with pytest.raises(SettingError, match="too long a step"):
            model.set_parameters(refused)
        model.set_value("loss.loss_scale", 2.0)
        for name, value in before.items():
            assert np.array_equal(model.values[name], value), name
        for name, array in parameters.items():
            assert np.array_equal(model.parameters[name], array), name


def test_weights_decay_and_parameters_of_neurons_and_delays_do_not():
    network = _network(trained={"tau_mem": Trained(3.0)})
    moved = {}
    for decay in (0.0, 0.5):
        with _compile(network, learning_rate=0.01) as model:
            model.set_value("optimiser.weight_decay", decay)
            before = model.parameters
            model.train_batch(_batch())
            moved[decay] = model.parameters
    np.testing.assert_array_equal(moved[0.5]["hidden.tau_mem"], moved[0.0]["hidden.tau_mem"])
    assert (moved[0.0]["hidden.tau_mem"] != before["hidden.tau_mem"]).any()
    for name in ("input_hidden", "hidden_output"):
        np.testing.assert_allclose(moved[0.5][name], moved[0.0][name] - 0.01 * 0.5 * before[name], rtol=1e-9)
