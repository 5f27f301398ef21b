"""Noise and lost spikes: the same draws forward and backward and on any thread, none in evaluation, exact gradients."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import Normal, SettingError, SpikeTrains, compile_network
from genn_shd.models import recurrent_classifier
from genn_shd.models.networks import Network
from tests.compiler_flags import VECTORS

NUM_INPUT, NUM_CLASSES, DURATION = 8, 3, 80.0


def _batch() -> SpikeTrains:
    rng = np.random.default_rng(2)
    events = [(np.sort(rng.uniform(0, DURATION, 60)).astype(np.float32), rng.integers(0, NUM_INPUT, 60)) for _ in "abc"]
    return SpikeTrains.from_events(events, labels=[0, 1, 2], num_units=NUM_INPUT)


def _network(recurrent: bool = True, hidden: int = 10, **changes) -> Network:
    weights = {"input_hidden": Normal(0.8, 0.5), "hidden_output": Normal(0.6, 0.5)}
    weights |= {"hidden_hidden": Normal(0, 0.2)} if recurrent else {}
    return recurrent_classifier(NUM_INPUT, hidden, NUM_CLASSES, recurrent, weights=weights, **changes)


def _compile(network: Network, **changes):
    settings = {"batch_size": 3, "duration": DURATION, "precision": "float64", "seed": 3, "num_threads": 1}
    return compile_network(network, **{**settings, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"noise": 0.05},
        {"dropout": 0.3},
        pytest.param({"noise": 0.05, "dropout": 0.3}, marks=pytest.mark.cflags(VECTORS)),
    ],
)
@pytest.mark.parametrize("dt", [0.5, 2.0])
def test_gradients_are_those_of_the_simulation_with_the_same_draws(changes, dt):
    with _compile(_network(**changes), dt=dt) as model:
        gradients = model.gradient(_batch()).gradients
        for name, gradient in gradients.items():
            start, slopes, indices = model.parameters[name], [], np.argsort(-np.abs(gradient.ravel()))[:6]
            for index in indices:
                losses = []
                for change in (1e-6, -1e-6):
                    moved = start.copy()
                    moved.flat[index] += change
                    model.set_parameters({name: moved})
                    losses.append(model.gradient(_batch()).loss)
                slopes.append((losses[0] - losses[1]) / 2e-6)
            model.set_parameters({name: start})
            assert np.allclose(slopes, gradient.ravel()[indices], rtol=1e-5, atol=1e-9), name


@pytest.mark.parametrize("scheme", ["exact", "grid"])
@pytest.mark.parametrize("changes", [{"noise": 0.1}, {"dropout": 0.3}])
def test_training_differs_from_batch_to_batch_and_evaluation_does_not(scheme, changes):
    with _compile(_network(**changes), scheme=scheme, learning_rate=0.0) as model, _compile(_network()) as plain:
        first, again = model.gradient(_batch()).losses, model.gradient(_batch()).losses
        assert np.array_equal(first, again)
        trained = [model.train_batch(_batch()).losses for _ in range(2)]
        assert not np.allclose(trained[0], trained[1])
        evaluated = model.evaluate_batch(_batch()).losses
        assert not np.allclose(evaluated, first)
        if scheme == "exact":
            assert np.array_equal(evaluated, plain.evaluate_batch(_batch()).losses)


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_draws_do_not_depend_on_threads(scheme):
    results = []
    for threads in (1, 3):
        with _compile(_network(noise=0.1, dropout=0.3), scheme=scheme, num_threads=threads) as model:
            results.append(model.gradient(_batch()).gradients)
    for name, gradient in results[0].items():
        assert np.array_equal(gradient, results[1][name]), name


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_the_part_of_lost_spikes_is_the_probability(scheme):
    """Feed-forward, with outputs so slow that they count: the mean voltage falls by the part that is lost."""
    network = _network(recurrent=False, hidden=200, dropout=0.25, output_tau_mem=20.0)
    with _compile(network, scheme=scheme, batch_size=3) as model:
        model.set_parameters({"hidden_output": np.full((200, NUM_CLASSES), 0.01)})
        kept, whole = model.gradient(_batch()).logits.sum(), model.evaluate_batch(_batch()).logits.sum()
    # Some 1000 spikes or more: the part has a standard deviation of 0.014 at most.
    assert abs(kept / whole - 0.75) < 0.06


def test_noise_has_the_size_stated():
    """A silent network: the variance of V is that of the current, filtered by synapse and membrane."""
    sigma, tau_mem, tau_syn = 0.05, 10.0, 5.0
    network = _network(recurrent=False, hidden=400, noise=sigma, tau_mem=tau_mem, tau_syn=tau_syn)
    with _compile(network, duration=400.0) as model:
        model.set_parameters({"input_hidden": np.zeros((NUM_INPUT, 400))})
        model.set_value("hidden.v_threshold", 100.0)
        recording = model.record(_batch(), {"hidden": ("V",)}, 1)
    voltage = recording.traces["hidden", "V"][0, 100:]
    expected = sigma * tau_syn / np.sqrt(2 * (tau_mem + tau_syn))
    assert abs(voltage.mean()) < 0.05 * expected
    assert abs(voltage.std() / expected - 1) < 0.05


def test_they_are_run_time_values_and_checked():
    with _compile(_network(noise=0.1, dropout=0.3)) as model, _compile(_network()) as plain:
        plain.set_parameters(model.parameters)
        model.set_value("hidden.noise", 0.0)
        model.set_value("hidden.dropout", 0.0)
        assert np.allclose(model.gradient(_batch()).losses, plain.gradient(_batch()).losses, rtol=1e-12)
        with pytest.raises(SettingError, match="below 1"):
            model.set_value("hidden.dropout", 1.0)
    with pytest.raises(SettingError, match="noise"):
        _network(noise=-1.0)
