"""The weight of a loss in each step, and the input activity that it can be made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import Parameter, SettingError, SpikeTrains
from genn_shd.backends.loss_weight import evaluate_loss_weight
from genn_shd.eventprop.schemes.bins import assign_bins
from genn_shd.eventprop.schemes.input_activity import compute_at_ends, compute_means
from genn_shd.models.losses import LOSSES, weighted_sum

TAU, GAIN, DURATION = 7.0, 3.0, 40.0


@pytest.fixture
def samples() -> SpikeTrains:
    rng = np.random.default_rng(0)
    events = [
        (np.sort(rng.uniform(0, 1.2 * DURATION, n)).astype(np.float32), rng.integers(0, 5, n)) for n in (30, 0, 9)
    ]
    return SpikeTrains.from_events(events, num_units=5)


def _activity(times: np.ndarray, t: np.ndarray) -> np.ndarray:
    """a(t) of one sample, spike by spike."""
    since = t[:, None] - times
    return GAIN / TAU * np.where(since >= 0, np.exp(-np.maximum(since, 0) / TAU), 0.0).sum(axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("dt", [0.5, 2.0])
def test_the_mean_over_a_step_is_exact(samples, dt):
    num_steps = int(DURATION / dt)
    mean = compute_means(samples, assign_bins(samples.times, dt), num_steps, dt, TAU, GAIN)
    fine = 4000
    for b, (times, _) in enumerate(samples):
        t = (np.arange(num_steps * fine) + 0.5) * dt / fine
        # The integral of a from its equation: no quadrature that a jump could disturb.
        ends = np.arange(num_steps + 1) * dt
        a = _activity(times.astype(np.float64), ends)
        arrived = np.histogram(times, ends)[0]
        np.testing.assert_allclose(mean[b], (GAIN * arrived - TAU * np.diff(a)) / dt, rtol=1e-6, atol=1e-9)
        coarse = _activity(times.astype(np.float64), t).reshape(num_steps, fine).mean(axis=1)
        np.testing.assert_allclose(mean[b], coarse, rtol=1e-3, atol=1e-3)


def test_on_the_grid_a_spike_acts_where_it_acts_on_the_network(samples):
    dt = 2.0
    ends = compute_at_ends(samples, assign_bins(samples.times, dt), int(DURATION / dt), dt, TAU, GAIN)
    for b, (times, _) in enumerate(samples):
        acts = (np.floor(times / dt) + 1) * dt
        t = (np.arange(int(DURATION / dt)) + 1) * dt
        # A spike at the end of the last step looked at acts at the start of the next.
        expected = [_activity(acts[acts < end], np.array([end]))[0] for end in t]
        np.testing.assert_allclose(ends[b], expected, atol=1e-12)


def test_a_steady_input_gives_gain_times_its_rate():
    times = np.arange(0, 400, 0.25, dtype=np.float32)
    trains = SpikeTrains.from_events([(times, np.zeros(len(times), int))], num_units=1)
    mean = compute_means(trains, assign_bins(times, 1.0), 400, 1.0, 20.0, 0.01)
    assert mean[0, -1] == pytest.approx(0.01 * 4.0, rel=1e-3)


def test_published_weights_are_their_formulas():
    t = np.array([0.0, 25.0, 100.0])
    values = {n: p.default for n, p in LOSSES["sum_sigmoid"].parameters.items()}
    np.testing.assert_allclose(
        evaluate_loss_weight(LOSSES["sum_sigmoid"], values, t, 100.0), 1 / (1 + np.exp((t / 100 - 0.5) / 0.2))
    )
    np.testing.assert_allclose(evaluate_loss_weight(LOSSES["sum_linear"], {}, t, 100.0), [1.0, 0.75, 0.0])
    np.testing.assert_allclose(evaluate_loss_weight(LOSSES["max"], {}, t, 100.0), 1.0)


def test_a_weight_without_a_value_is_refused_with_the_time_and_the_parameters():
    loss = weighted_sum("mine", "1 / (t - pole)", {"pole": Parameter(3.0)})
    with pytest.raises(SettingError, match=r"inf at t = 3 ms, pole = 3; it must be finite"):
        evaluate_loss_weight(loss, {"pole": 3.0}, np.arange(5.0), 10.0)
    with pytest.raises(SettingError, match="0 at all times"):
        evaluate_loss_weight(weighted_sum("mine", "fmax(0, t / T - 2)"), {}, np.arange(5.0), 10.0)


def test_a_loss_that_names_input_activity_needs_its_time_constant():
    whole = weighted_sum("mine", "activity * exp(-t / T)")
    assert {"tau_input", "input_gain"} < set(whole.parameters)
    with pytest.raises(SettingError, match="give tau_input and input_gain"):
        replace(whole, parameters={"loss_scale": whole.parameters["loss_scale"]})


@pytest.mark.parametrize("dt", [0.5, 2.0])
def test_input_too_late_for_an_int32_of_steps_has_no_part_in_the_activity(dt):
    def activity(times):
        samples = SpikeTrains.from_events([(np.array(times, np.float32), np.zeros(len(times), int))], num_units=1)
        return compute_means(samples, assign_bins(samples.times, dt), int(DURATION / dt), dt, TAU, GAIN)

    np.testing.assert_array_equal(activity([3.0, 1e20]), activity([3.0]))
