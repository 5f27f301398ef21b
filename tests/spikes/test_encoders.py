"""Numbers as spikes: each code against its definition."""

import math

import numpy as np
import pytest
import scipy

from genn_shd import DataError, SettingError, SpikeTrains


def test_rates_are_those_of_poisson_processes():
    values = np.tile([0.0, 0.25, 1.0], (2000, 1))
    trains = SpikeTrains.from_rates(values, duration=500.0, max_rate=40.0, seed=1)
    counts = np.array([np.bincount(units, minlength=3) for _, units in trains])
    expected = np.array([0.0, 5.0, 20.0])
    np.testing.assert_allclose(counts.mean(axis=0), expected, atol=5 * np.sqrt(expected.max() / 2000))
    np.testing.assert_allclose(counts.var(axis=0), expected, rtol=0.15)  # of a Poisson process, as large as the mean
    assert scipy.stats.kstest(trains.times / 500.0, "uniform").pvalue > 1e-4
    assert trains.num_units == 3


def test_rates_depend_on_the_seed_alone():
    values = np.random.default_rng(0).random((5, 7))
    one, same, other = (SpikeTrains.from_rates(values, 300.0, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.times, same.times)
    assert not np.array_equal(one.times[:20], other.times[:20])


def test_latencies_fall_with_the_value():
    trains = SpikeTrains.from_latencies([[0.2, 1.0, 0.0], [0.5, 0.5, 0.1]], 50.0, least=0.15, labels=[4, 5])
    assert [(t.tolist(), u.tolist()) for t, u in trains] == [([0.0, 40.0], [1, 0]), ([25.0, 25.0], [0, 1])]
    assert trains.labels.tolist() == [4, 5]


def test_changes_are_told_apart_by_their_way_and_have_times_between_samples():
    rise_and_fall = [0.0, 1.0, 1.0, -0.5]
    trains = SpikeTrains.from_changes(np.reshape(rise_and_fall, (1, 4, 1)), dt=2.0, threshold=0.4)
    times, units = trains[0]
    # up through 0.4 and 0.8, then down from 0.8 through 0.4, 0.0 and -0.4
    np.testing.assert_allclose(times, [0.8, 1.6, 4.8, 4 + 4 / 3, 4 + 2.8 / 1.5], rtol=1e-6)
    assert units.tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("threshold", [0.03, 0.2])
def test_a_signal_is_known_to_a_threshold_from_its_changes(threshold):
    t = np.arange(0.0, 100.0, 0.5)
    signal = np.stack([np.sin(t / 9.0), np.cos(t / 5.0) * t / 60.0], axis=1)[None]
    trains = SpikeTrains.from_changes(signal, dt=0.5, threshold=threshold)
    times, units = trains[0]
    for n in range(2):
        steps = np.where(units[units // 2 == n] % 2, -threshold, threshold)
        known = signal[0, 0, n] + np.array([steps[times[units // 2 == n] <= now + 1e-4].sum() for now in t])
        assert np.abs(known - signal[0, :, n]).max() <= threshold * 1.01


def test_a_population_s_nearest_field_answers_first():
    trains = SpikeTrains.from_population([[0.5, 0.0]], 20.0, num_fields=3, width=1.5, least=0.0)
    times, units = trains[0]
    of_unit = dict(zip(units.tolist(), times.tolist(), strict=True))
    off = 20.0 * (1.0 - math.exp(-((1.5 * 2 * 0.5) ** 2) / 2))
    assert (of_unit[1], of_unit[3]) == (0.0, 0.0)
    assert of_unit[0] == pytest.approx(off) == of_unit[2] == of_unit[4]
    assert trains.num_units == 6


def test_no_samples_and_silent_ones_are_samples():
    assert len(SpikeTrains.from_latencies(np.zeros((0, 3)), 10.0)) == 0
    silent = SpikeTrains.from_rates(np.zeros((2, 3)), 10.0)
    assert (len(silent), silent.num_spikes) == (2, 0)
    assert SpikeTrains.from_changes(np.ones((2, 5, 1)), 1.0, 0.1).num_spikes == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpikeTrains.from_rates([[1.2]], 10.0), "from 1.2 to 1.2; they must be from 0 to 1"),
        (lambda: SpikeTrains.from_rates([0.2], 10.0), r"shape \(1,\); the axes must be samples, values"),
        (lambda: SpikeTrains.from_rates([["a"]], 10.0), "must be numbers"),
        (lambda: SpikeTrains.from_latencies([[math.nan]], 10.0), "not all finite"),
        (lambda: SpikeTrains.from_changes([[0.0]], 1.0, 0.1), "samples, times, signals"),
    ],
)
def test_values_that_cannot_be_encoded_are_refused(make, message):
    with pytest.raises(DataError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpikeTrains.from_rates([[0.5]], 0.0), "duration = 0.0"),
        (lambda: SpikeTrains.from_rates([[0.5]], 10.0, math.inf), "max_rate = inf"),
        (lambda: SpikeTrains.from_changes([[[0.5]]], 1.0, 0), "threshold = 0"),
        (lambda: SpikeTrains.from_population([[0.5]], 10.0, num_fields=1), "num_fields = 1"),
        (lambda: SpikeTrains.from_changes([[[0.0], [1.0]]], 1.0, 1e-12), "threshold = 1e-12 makes 1e\\+12 spikes"),
        (lambda: SpikeTrains.from_rates([[1.0]], 1e3, 1e12), "makes 1e\\+12 spikes"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(SettingError, match=message):
        make()
