"""The native model keeps the contract: batches, threads, the optimiser, run-time values, refusals."""

from __future__ import annotations

import _thread
import signal
import threading

import numpy as np
import pytest

from genn_shd import (
    BackendError,
    DataError,
    DivergedError,
    Gamma,
    Normal,
    SettingError,
    SpikeCountRegularisation,
    SpikeTrains,
    compile_network,
)
from genn_shd.backends.native import memory
from genn_shd.models import recurrent_classifier
from genn_shd.toolchain import compiler as native_compiler
from tests.compiler_flags import VECTORS, compiler_flags


def _batch(count: int, seed: int = 0, num_units: int = 20) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    events = [(np.sort(rng.uniform(0, 100, 150)), rng.integers(0, num_units, 150)) for _ in range(count)]
    return SpikeTrains.from_events(events, labels=rng.integers(0, 4, count), num_units=num_units)


def _network(**changes):
    weights = {
        "input_hidden": Normal(0.15, 0.1),
        "hidden_hidden": Normal(0, 0.1),
        "hidden_output": Normal(0, 0.3),
    }
    settings = {"num_input": 20, "num_hidden": 33, "num_classes": 4, "loss_scale": 5.0, "weights": weights}
    return recurrent_classifier(**{**settings, **changes})


def _compile(**changes):
    network = changes.pop("network", None) or _network()
    return compile_network(network, **{"batch_size": 16, "duration": 100.0, "num_threads": 1, **changes})


@pytest.mark.parametrize("size", [16, 7, 1])
def test_the_result_does_not_depend_on_the_number_of_threads(size):
    results = []
    for threads in (1, 2, 5):
        with _compile(num_threads=threads) as model:
            for seed in range(3):
                result = model.train_batch(_batch(size, seed))
            results.append((result, model.parameters))
    for result, parameters in results[1:]:
        assert result.loss == results[0][0].loss
        for name, weights in parameters.items():
            np.testing.assert_array_equal(weights, results[0][1][name])


def test_an_interrupt_leaves_no_thread_behind(monkeypatch):
    """Threads write to what the interrupted call holds: whenever it comes, all have ended when the error is raised."""
    batch, calls = _batch(8), []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with _compile(num_threads=3) as model:
        evaluate, expected = model._library.evaluate, model.evaluate_batch(batch)

        def entry(call, storage):
            calls.append(call._obj)
            evaluate(call, storage)

        monkeypatch.setattr(model._library, "evaluate", entry)
        try:
            for delay in np.linspace(0.0, 2e-3, 50):
                timer = threading.Timer(delay, _thread.interrupt_main)
                with pytest.raises(KeyboardInterrupt):
                    timer.start()
                    while True:
                        model.evaluate_batch(batch)
                timer.join()
                assert all(call.phase == 1 for call in calls)
        finally:
            signal.signal(signal.SIGINT, before)
        np.testing.assert_array_equal(model.evaluate_batch(batch).logits, expected.logits)


def test_a_short_batch_averages_over_its_own_samples():
    full = _batch(5)
    with _compile(precision="float64") as model:
        together = model.gradient(full)
        alone = [model.gradient(full.select(np.array([b]))) for b in range(5)]
    assert together.loss == pytest.approx(np.mean([r.loss for r in alone]), rel=1e-12)
    for name, gradient in together.gradients.items():
        mean = np.mean([r.gradients[name] for r in alone], axis=0)
        np.testing.assert_allclose(gradient, mean, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_counts_of_each_trial_pull_on_that_trial_alone(scheme):
    """With counts of their own, samples do not know of each other; averaged over the batch they do."""
    batch = _batch(6)
    rule = {"upper": 1.0, "lower": 1.0, "strength_upper": 0.1, "strength_lower": 0.1, "total_upper": 20.0}
    gradients = {}
    for average in ("trial", "batch"):
        regularisation = SpikeCountRegularisation(**rule, strength_total=0.1, average=average)
        with _compile(network=_network(regularisation=regularisation), scheme=scheme, precision="float64") as model:
            together = model.gradient(batch).gradients["input_hidden"]
            alone = [model.gradient(batch.select([b])).gradients["input_hidden"] for b in range(6)]
            gradients[average] = np.abs(together - np.mean(alone, axis=0)).max() / np.abs(together).max()
    assert gradients["trial"] < 1e-12
    assert gradients["batch"] > 1e-3


def test_gradient_changes_nothing_and_is_repeatable():
    with _compile() as model:
        before = model.parameters
        first, second = model.gradient(_batch(9)), model.gradient(_batch(9))
        for name, weights in model.parameters.items():
            np.testing.assert_array_equal(weights, before[name])
            np.testing.assert_array_equal(first.gradients[name], second.gradients[name])
        assert model.evaluate_batch(_batch(9)).loss == first.loss


@pytest.mark.cflags(VECTORS)
def test_training_is_adam_with_decoupled_weight_decay():
    rate, beta1, beta2, epsilon, decay = 2e-3, 0.85, 0.99, 1e-7, 0.3
    with _compile(precision="float64", learning_rate=rate) as model:
        for name, value in {"beta1": beta1, "beta2": beta2, "epsilon": epsilon, "weight_decay": decay}.items():
            model.set_value(f"optimiser.{name}", value)
        w = model.parameters
        m = {k: np.zeros_like(a) for k, a in w.items()}
        v = {k: np.zeros_like(a) for k, a in w.items()}
        for step in range(1, 4):
            gradients = model.train_batch(_batch(8, step)).gradients
            for k, g in gradients.items():
                m[k] = beta1 * m[k] + (1 - beta1) * g
                v[k] = beta2 * v[k] + (1 - beta2) * g**2
                w[k] -= rate * decay * w[k]
                w[k] -= rate * (m[k] / (1 - beta1**step)) / (np.sqrt(v[k] / (1 - beta2**step)) + epsilon)
            for k, weights in model.parameters.items():
                np.testing.assert_allclose(weights, w[k], rtol=1e-12, atol=1e-15)


def test_parameters_and_optimiser_state_are_enough_to_go_on_bit_for_bit():
    with _compile() as first, _compile(seed=9) as second:
        first.train_batch(_batch(16, 1))
        second.set_parameters(first.parameters)
        second.set_optimiser_state(first.optimiser_state)
        a, b = first.train_batch(_batch(16, 2)), second.train_batch(_batch(16, 2))
        assert a.loss == b.loss
        for name, weights in first.parameters.items():
            np.testing.assert_array_equal(weights, second.parameters[name])


@pytest.mark.slow
@pytest.mark.cflags(VECTORS)
def test_training_lowers_the_loss():
    batch = _batch(16)
    with _compile(learning_rate=2e-2) as model:
        losses = [model.train_batch(batch).loss for _ in range(90)]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(("scheme", "bound"), [("grid", 1e-4), ("exact", 1e-3)])
def test_float32_is_close_to_float64(scheme, bound):
    batch = _batch(16)
    with compiler_flags(VECTORS):
        single = _compile(scheme=scheme)
    with single, _compile(precision="float64", scheme=scheme) as double:
        a, b = single.gradient(batch), double.gradient(batch)
    np.testing.assert_array_equal(a.spike_counts["hidden"], b.spike_counts["hidden"])
    for name, gradient in b.gradients.items():
        assert a.gradients[name].dtype == np.float32
        assert np.linalg.norm(a.gradients[name] - gradient) < bound * np.linalg.norm(gradient)


def test_run_time_values_change_the_result_and_compile_nothing(monkeypatch):
    batch = _batch(8)
    with _compile(precision="float64") as model:
        monkeypatch.setattr(native_compiler, "_compile", lambda *a: pytest.fail("compiled"))
        before = model.evaluate_batch(batch)
        model.set_value("hidden.tau_mem", 11.0)
        changed = model.evaluate_batch(batch)
        model.set_value("loss.loss_scale", 1.0)
        scaled = model.evaluate_batch(batch)
    with _compile(precision="float64", network=_network(tau_mem=11.0, output_tau_mem=20.0)) as model:
        np.testing.assert_array_equal(model.evaluate_batch(batch).losses, changed.losses)
    assert before.spike_counts["hidden"].sum() != changed.spike_counts["hidden"].sum()
    np.testing.assert_array_equal(scaled.logits, changed.logits)
    assert scaled.loss != changed.loss


def test_heterogeneous_neurons_each_have_their_own_time_constants():
    batch = _batch(8)
    network = _network(tau_mem=Gamma(20.0, 3.0, 3.0, 100.0), recurrent=False)
    with _compile(network=network, precision="float64") as model:
        tau = model.values["hidden.tau_mem"]
        assert len(np.unique(tau)) == 33
        mixed = model.gradient(batch)
        model.set_value("hidden.tau_mem", tau[4])
        alike = model.gradient(batch)
    np.testing.assert_array_equal(alike.spike_counts["hidden"][:, 4], mixed.spike_counts["hidden"][:, 4])
    assert np.any(alike.spike_counts["hidden"] != mixed.spike_counts["hidden"])


def test_spikes_after_the_trial_and_samples_without_spikes_are_allowed():
    events = [([], []), ([5.0, 99.5, 100.0, 250.0], [1, 2, 3, 4]), ([5.0, 99.5], [1, 2])]
    batch = SpikeTrains.from_events(events, labels=[0, 1, 1], num_units=20)
    with _compile(precision="float64") as model:
        result = model.gradient(batch)
    assert np.all(np.isfinite(result.losses))
    np.testing.assert_array_equal(result.losses[1], result.losses[2])


def test_unlabelled_samples_can_be_evaluated_but_not_trained_on():
    batch = SpikeTrains.from_events([([1.0], [0])], num_units=20)
    with _compile() as model:
        result = model.evaluate_batch(batch)
        assert np.isnan(result.loss)
        assert result.predictions.shape == (1,)
        with pytest.raises(DataError, match="training needs a label"):
            model.gradient(batch)


def test_refusals_name_what_is_allowed():
    with _compile() as model:
        with pytest.raises(DataError, match="unit 20 is out of range"):
            model.gradient(SpikeTrains.from_events([([1.0], [20])], labels=[0]))
        with pytest.raises(DataError, match="label 4 is out of range"):
            model.gradient(SpikeTrains.from_events([([1.0], [0])], labels=[4]))
        with pytest.raises(DataError, match="1 to batch_size = 16 samples, not 17"):
            model.gradient(_batch(17))
        with pytest.raises(SettingError, match="Did you mean 'input_hidden'"):
            model.set_parameters({"input_hiden": np.zeros((20, 33))})
        with pytest.raises(SettingError, match=r"must be \(20, 33\)"):
            model.set_parameters({"input_hidden": np.zeros((33, 20))})
        with pytest.raises(SettingError, match="not finite"):
            model.set_parameters({"input_hidden": np.full((20, 33), np.nan)})
        with pytest.raises(SettingError, match=r"hidden.tau_mem = -1 ms is not allowed; it must be > 0"):
            model.set_value("hidden.tau_mem", -1.0)
        with pytest.raises(SettingError, match="Did you mean 'hidden.tau_mem'"):
            model.set_value("hidden.tau_men", 1.0)
    with pytest.raises(BackendError, match="closed"):
        model.evaluate_batch(_batch(1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend": "nativ"}, "Did you mean 'native'"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"dt": -1.0}, "dt = -1.0 ms"),
        ({"duration": float("nan")}, "duration = nan ms"),
        ({"precision": "float16"}, "precision 'float16' is unknown"),
        ({"num_threads": 0}, "num_threads = 0"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0"),
    ],
)
def test_compile_network_refuses_wrong_arguments(changes, message):
    with pytest.raises(SettingError, match=message):
        _compile(**changes)


def test_a_gradient_that_is_not_finite_is_an_error():
    with _compile(learning_rate=1e38) as model, pytest.raises(DivergedError, match="not finite"):
        for seed in range(20):
            model.train_batch(_batch(8, seed))


def test_every_group_of_samples_is_used_whatever_the_batch_size():
    assert memory.MAX_GROUPS > 1
    for size in (1, 3, 8, 64):
        with _compile(batch_size=size) as model:
            assert 1 <= model._memory.num_groups <= min(size, memory.MAX_GROUPS)


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_times_are_taken_where_asked_for_and_change_nothing(scheme):
    with _compile(scheme=scheme, profile=True, num_threads=2) as timed, _compile(scheme=scheme) as plain:
        for seed in range(3):
            results = [model.train_batch(_batch(16, seed)) for model in (timed, plain)]
            assert results[0].loss == results[1].loss
        before = timed.timings
        timed.evaluate_batch(_batch(16))
        after = timed.timings
        assert plain.timings == {}
    assert list(before) == ["forward", "backward", "synapse", "reduction", "optimiser"]
    assert all(seconds > 0 for seconds in before.values())
    assert after["forward"] > before["forward"]
    assert after["synapse"] > before["synapse"]
    assert after["optimiser"] == before["optimiser"]


def test_a_data_set_can_be_uploaded_by_the_name_of_before():
    with _compile(scheme="grid") as model, pytest.warns(DeprecationWarning, match="upload"):
        assert len(model.hold(_batch(5)).select(np.arange(3))) == 3
