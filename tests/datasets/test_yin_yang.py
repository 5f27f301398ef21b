"""Yin-Yang: geometry against the published definition point by point, encoding, balance, seeds."""

import math

import numpy as np
import pytest

from genn_shd import SettingError
from genn_shd.datasets import yin_yang


def published_class(x: float, y: float, small: float = 0.1, big: float = 0.5) -> int:
    """Kriener et al.'s rule for one point, as in their paper and code."""
    to_right = math.hypot(x - 1.5 * big, y - big)
    to_left = math.hypot(x - 0.5 * big, y - big)
    if to_right < small or to_left < small:
        return 2
    left_bulge = small < to_left <= 0.5 * big
    upper = y > big and to_right > 0.5 * big
    return int(to_right <= small or left_bulge or upper)


def points(trains, t_min=10.0, t_max=40.0):
    """(N, 4) values x, y, 1 - x, 1 - y back from the spikes."""
    times, units = trains.times.reshape(-1, 5), trains.units.reshape(-1, 5)
    by_unit = np.take_along_axis(times, np.argsort(units, axis=1), axis=1)
    return (by_unit[:, :4].astype(float) - t_min) / (t_max - t_min), by_unit[:, 4]


def test_shape_of_the_default_data_set():
    data = yin_yang.load()
    assert [len(part) for part in data.parts.values()] == [5000, 1000, 1000]
    assert (data.num_input, data.num_classes, data.duration) == (5, 3, 60.0)
    assert data.class_names == ("yin", "yang", "dot") and data.speaker_names == ()
    assert (data.train.counts == 5).all() and data.train.count_longer(data.duration) == 0


def test_points_lie_in_the_sign_in_the_class_they_are_labelled():
    trains = yin_yang.load().train
    values, bias = points(trains)
    x, y = values[:, 0], values[:, 1]
    assert np.allclose(values[:, 2:], 1 - values[:, :2], atol=1e-6) and (bias == 20.0).all()
    assert np.hypot(x - 0.5, y - 0.5).max() <= 0.5 + 1e-6
    expected = np.array([published_class(a, b) for a, b in zip(x, y, strict=True)])
    assert np.count_nonzero(expected != trains.labels) <= 2  # float32 may carry a point over a border


def test_classify_on_a_grid():
    x, y = np.meshgrid(np.linspace(0, 1, 83), np.linspace(0, 1, 79))
    expected = [published_class(a, b) for a, b in zip(x.ravel(), y.ravel(), strict=True)]
    assert yin_yang.classify(x.ravel(), y.ravel()).tolist() == expected


def test_classes_are_balanced_and_points_uniform_within_them():
    trains = yin_yang.load(num_train=30000).train
    share = np.bincount(trains.labels) / len(trains)
    assert np.abs(share - 1 / 3).max() < 0.01
    (x, y), labels = points(trains)[0][:, :2].T, trains.labels
    eyes = x[labels == 2]
    assert abs(np.mean(eyes < 0.5) - 0.5) < 0.02
    upper = np.mean(y[labels == 1] > 0.5)  # area of the upper part of yin over yin's whole area
    half, bulge, eye = math.pi * 0.25 / 2, math.pi * 0.0625 / 2, math.pi * 0.01
    assert abs(upper - (half - bulge - eye / 2) / (half - eye)) < 0.02


def test_encoding_follows_its_times():
    data = yin_yang.load(50, 1, 1, t_min=0.0, t_max=5.0, t_bias=7.0)
    values, bias = points(data.train, 0.0, 5.0)
    assert np.allclose(values[:, :2] + values[:, 2:], 1, atol=1e-6)
    assert (bias == 7.0).all() and data.duration == 27.0


def test_seeds_decide_everything_and_parts_share_nothing():
    a, b, other = yin_yang.load(200, 200, 200, 7), yin_yang.load(200, 200, 200, 7), yin_yang.load(seed=8)
    assert np.array_equal(a.train.times, b.train.times) and np.array_equal(a.test.labels, b.test.labels)
    assert not np.isin(other.train.times[:1000], a.train.times[a.train.units < 4]).any()
    seen = [set(map(tuple, points(part)[0][:, :2])) for part in a.parts.values()]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_growing_a_part_leaves_the_others():
    small, large = yin_yang.load(10, 20, 30, 3), yin_yang.load(100, 20, 30, 3)
    assert np.array_equal(small.test.times, large.test.times)
    assert np.array_equal(small.validation.times, large.validation.times)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"num_train": 0}, "num_train = 0"),
        ({"num_test": -1}, "num_test = -1"),
        ({"seed": -1}, "seed = -1"),
        ({"t_min": -1.0}, "t_min = -1.0"),
        ({"t_bias": float("nan")}, "t_bias = nan"),
        ({"t_max": 10.0}, "t_max = 10.0 must be above t_min = 10.0"),
    ],
)
def test_bad_settings(settings, says):
    with pytest.raises(SettingError) as caught:
        yin_yang.load(**settings)
    assert says in str(caught.value)
