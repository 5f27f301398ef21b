"""Delays of the source: a spike that arrives late is a spike of that later time, through weights of its own."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import Normal, SettingError, SpikeTrains, check_gradients, compile_network
from genn_shd.models import recurrent_classifier

NUM_INPUT, NUM_CLASSES, DURATION = 6, 3, 60.0
DELAYS = (0.0, 7.0, 25.0)


def _network(num_input: int = NUM_INPUT, delays=DELAYS, loss: str = "sum_exp"):
    weights = {"input_hidden": Normal(0.6, 0.4), "hidden_hidden": Normal(0, 0.3), "hidden_output": Normal(0.6, 0.5)}
    return recurrent_classifier(num_input, 5, NUM_CLASSES, loss=loss, weights=weights, input_delays=delays)


def _events(seed: int = 0):
    rng = np.random.default_rng(seed)
    return [
        (np.sort(rng.uniform(0, DURATION, 25)).astype(np.float32), rng.integers(0, NUM_INPUT, 25)) for _ in range(3)
    ]


def _batch(events, num_units: int = NUM_INPUT) -> SpikeTrains:
    return SpikeTrains.from_events(events, labels=[0, 1, 2], num_units=num_units)


def _copied(events) -> SpikeTrains:
    """The same written out: every copy of the source as channels of its own, with its spikes moved."""
    written = []
    for times, units in events:
        late = np.concatenate([times.astype(np.float64) + d for d in DELAYS])
        channels = np.concatenate([units + copy * NUM_INPUT for copy in range(len(DELAYS))])
        order = np.argsort(late, kind="stable")
        written.append((late[order], channels[order]))
    return _batch(written, NUM_INPUT * len(DELAYS))


def _compile(network, **changes):
    settings = {"batch_size": 3, "duration": DURATION, "precision": "float64", "seed": 1, "num_threads": 1}
    return compile_network(network, **{**settings, **changes})


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_delays_are_channels_with_moved_spikes(scheme):
    # Times on a grid that float32 holds, so that moving them rounds nothing.
    events = [(np.floor(times * 8) / 8, units) for times, units in _events()]
    with (
        _compile(_network(), scheme=scheme) as model,
        _compile(_network(NUM_INPUT * len(DELAYS), (0.0,)), scheme=scheme) as written,
    ):
        written.set_parameters(model.parameters)
        ours, theirs = model.gradient(_batch(events)), written.gradient(_copied(events))
    assert ours.spike_counts["hidden"].sum() > 30
    assert np.allclose(ours.losses, theirs.losses, rtol=1e-12)
    for name, gradient in theirs.gradients.items():
        assert np.allclose(ours.gradients[name], gradient, rtol=1e-9, atol=1e-12 * np.abs(gradient).max()), name


@pytest.mark.slow
@pytest.mark.parametrize("dt", [0.5, 2.0])
def test_gradients_are_those_of_the_simulation(dt):
    with _compile(_network(), dt=dt) as model:
        for check in check_gradients(model, _batch(_events())):
            assert check.relative_error < 1e-6, check


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_spacing_changes_without_compiling(scheme):
    with _compile(_network(), scheme=scheme) as model, _compile(_network(delays=(0, 3, 11)), scheme=scheme) as other:
        before = model.evaluate_batch(_batch(_events())).losses
        model.set_value("input.delays", [0, 3, 11])
        other.set_parameters(model.parameters)
        after, expected = model.evaluate_batch(_batch(_events())), other.evaluate_batch(_batch(_events()))
    assert np.array_equal(after.losses, expected.losses) and not np.allclose(after.losses, before)


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_what_arrives_after_the_trial_is_lost_however_late(scheme):
    with _compile(_network(), scheme=scheme) as model:
        model.set_value("input.delays", [0.0, 7.0, 2 * DURATION])
        lost = model.gradient(_batch(_events()))
        model.set_value("input.delays", [0.0, 7.0, 1e13])
        far = model.gradient(_batch(_events()))
        late = [(np.append(times, np.float32(1e20)), np.append(units, 0)) for times, units in _events()]
        extended = model.gradient(_batch(late))
    assert lost.spike_counts["hidden"].sum() > 10 and not lost.gradients["input_hidden"][2 * NUM_INPUT :].any()
    for other in (far, extended):
        assert np.array_equal(other.losses, lost.losses)
        assert all(np.array_equal(other.gradients[name], lost.gradients[name]) for name in lost.gradients)


def test_wrong_delays_are_refused():
    with pytest.raises(SettingError, match="delays"):
        _network(delays=())
    with pytest.raises(SettingError, match=">= 0"):
        _network(delays=(0.0, -1.0))
    with _compile(_network()) as model, pytest.raises(SettingError, match="give 3 delays"):
        model.set_value("input.delays", [0.0, 1.0])
