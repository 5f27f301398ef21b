"""The example of delays as distances: its gradient is that of the loss, and training resumes bit for bit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from examples.distance_delays import DistanceDelays, compute_delays, compute_gradients, draw_positions
from genn_shd import Delay, Model, Normal, SettingError, SpikeTrains, Trained, compile_network
from genn_shd.models import recurrent_classifier

NUM_INPUT, NUM_HIDDEN, DURATION, CHANGE = 8, 6, 60.0, 1e-6


def _network(per: str = "synapse"):
    delay = Delay(5.0, 20.0, Trained(2.0, rate=100.0), per)
    weights = {"input_hidden": Normal(0.8, 0.5), "hidden_hidden": Normal(0.0, 0.3), "hidden_output": Normal(0.6, 0.5)}
    delays = {"input_hidden": delay, "hidden_hidden": delay}
    return recurrent_classifier(NUM_INPUT, NUM_HIDDEN, 3, loss_scale=30.0, weights=weights, delays=delays)


def _compile(**changes: Any) -> Model:
    settings = {"batch_size": 3, "duration": DURATION, "precision": "float64", "learning_rate": 1e-2, "seed": 3}
    return compile_network(_network(), **(settings | changes))


def _batch() -> SpikeTrains:
    rng = np.random.default_rng(1)
    events = [(np.sort(rng.uniform(0, DURATION, 60)), rng.integers(0, NUM_INPUT, 60)) for _ in range(3)]
    return SpikeTrains.from_events(events, labels=[0, 1, 2], num_units=NUM_INPUT)


def test_the_gradient_by_positions_is_that_of_the_loss():
    with _compile(num_threads=1) as model:
        network, batch = model.network, _batch()
        positions = draw_positions(network, 2, 6.0, 0)
        assert {name: x.shape for name, x in positions.items()} == {"input": (8, 2), "hidden": (6, 2)}
        delays = compute_delays(network, positions, model.dt)
        model.set_parameters(delays)
        gradients = compute_gradients(network, positions, model.dt, model.gradient(batch).gradients)
        assert any(((d == 2.0) | (d == 20.0)).any() for d in delays.values())  # some at limits
        for name, gradient in gradients.items():
            direction, losses = np.sign(gradient), []
            for change in (CHANGE, -CHANGE):
                moved = {**positions, name: positions[name] + change * direction}
                model.set_parameters(compute_delays(network, moved, model.dt))
                losses.append(model.evaluate_batch(batch).loss)
            slope = (losses[0] - losses[1]) / (2 * CHANGE)
            assert np.abs(gradient).sum() == pytest.approx(slope, rel=1e-6)


def _train(callback: DistanceDelays, model, batches: int) -> None:
    trainer = SimpleNamespace(model=model)
    callback.on_train_begin(trainer)
    for k in range(batches):
        callback.on_batch_end(trainer, 1, k + 1, model.train_batch(_batch()))


def test_positions_are_trained_and_go_on_bit_for_bit():
    whole, first, second = DistanceDelays(2, 6.0), DistanceDelays(2, 6.0), DistanceDelays(2, 6.0)
    with _compile(num_threads=1) as model, _compile(num_threads=1) as other:
        start = model.evaluate_batch(_batch()).loss
        _train(whole, model, 6)
        _train(first, other, 3)
        second.restore(first.get_state())
        _train(second, other, 3)
        assert model.evaluate_batch(_batch()).loss < start
        assert whole.get_state() == second.get_state()
        for name, value in model.parameters.items():
            np.testing.assert_array_equal(value, other.parameters[name])


@pytest.mark.slow
def test_genn_trains_the_same_positions():
    pytest.importorskip("pygenn", reason="PyGeNN is not installed")
    ours, theirs = DistanceDelays(2, 6.0), DistanceDelays(2, 6.0)
    with (
        _compile(scheme="grid", num_threads=1) as native,
        _compile(scheme="grid", backend="genn_cpu", schedule="sequential") as genn,
    ):
        start = native.evaluate_batch(_batch()).loss
        for callback, model in ((ours, native), (theirs, genn)):
            _train(callback, model, 4)
        assert genn.evaluate_batch(_batch()).loss == pytest.approx(native.evaluate_batch(_batch()).loss, rel=1e-9)
        assert native.evaluate_batch(_batch()).loss != start
        positions, others = (callback.get_state()["positions"] for callback in (ours, theirs))
        for name, of in positions.items():
            np.testing.assert_allclose(others[name], of, rtol=1e-9)


def test_a_network_without_such_delays_is_refused():
    with pytest.raises(SettingError, match="per synapse"):
        draw_positions(_network("source"), 2, 6.0, 0)
