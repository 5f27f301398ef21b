"""Handwritten digits: every encoder gives back the images it was given, the two splits, seeds, errors."""

import functools

import numpy as np
import pytest

from genn_shd import SettingError, load_dataset
from genn_shd.datasets import digits


@functools.cache
def read_digits():
    """Images, 0 to 1, and labels; read by tests, as every worker collects them."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images / 16.0, digits.target


def sparse(trains, values):
    """(B, units) of a value a spike; nan where a unit is silent."""
    dense = np.full((len(trains), trains.num_units), np.nan)
    dense[np.repeat(np.arange(len(trains)), trains.counts), trains.units] = values
    return dense


def test_a_latency_is_the_paper_that_shows_through_and_the_first_1347_images_are_for_training():
    images, labels = read_digits()
    data = load_dataset("digits")
    assert [len(part) for part in data.parts.values()] == [1347, 450] and data.validation is None
    assert (data.num_input, data.num_classes, data.duration) == (64, 10, 70.0)
    assert data.class_names[7] == "seven" and data.speaker_names == () and (data.train.speakers == -1).all()
    assert np.array_equal(data.train.labels, labels[:1347]) and np.array_equal(data.test.labels, labels[1347:])
    for part, drawn in ((data.train, images[:1347]), (data.test, images[1347:])):
        ink = 1.0 - sparse(part, part.times) / 50.0
        assert np.allclose(np.nan_to_num(ink), drawn.reshape(-1, 64), atol=1e-6)


def test_the_random_split_takes_the_same_part_of_each_class():
    images, labels = read_digits()
    data = load_dataset("digits", split="random", seed=3)
    assert (len(data.train), len(data.test)) == (1347, 450)
    share = np.bincount(data.test.labels) / np.bincount(labels)
    assert np.abs(share * len(labels) - 450).max() < 11  # a sample of each class more or less
    # Every image lies in one of the two parts: together they have all labels and all spikes.
    assert np.array_equal(np.bincount(data.train.labels) + np.bincount(data.test.labels), np.bincount(labels))
    assert data.train.num_spikes + data.test.num_spikes == (images > 0).sum()


@pytest.mark.slow
def test_rates_go_by_ink():
    images, _ = read_digits()
    train = load_dataset("digits", encoder="rate", duration=100.0, max_rate=500.0).train
    counts = np.zeros((len(train), 64))
    np.add.at(counts, (np.repeat(np.arange(len(train)), train.counts), train.units), 1)
    assert np.abs(counts.mean(0) - 50 * images[:1347].reshape(-1, 64).mean(0)).max() < 1.0
    assert train.times.max() <= 100.0


def test_population_has_fields_for_each_pixel():
    images, _ = read_digits()
    data = load_dataset("digits", encoder="population", num_fields=3, least=0.5)
    assert data.num_input == 192
    first = sparse(data.train, 1.0)[:, ::3]  # the field of paper without ink
    width = 1.0 / (1.5 * 2)
    assert np.array_equal(~np.isnan(first), np.exp(-((images[:1347].reshape(-1, 64) / width) ** 2) / 2) > 0.5)


@pytest.mark.slow
def test_changes_add_up_to_the_row_and_end_without_ink():
    images, _ = read_digits()
    data = load_dataset("digits", encoder="changes", threshold=1 / 16, duration=90.0)
    assert (data.num_input, data.duration) == (16, 110.0)
    to_the_right_edge = int(np.flatnonzero(images[:1347, :, 7].any(1))[0])
    times, units = data.train[to_the_right_edge]
    for row in range(8):
        own = units // 2 == row
        steps = np.where(units[own] % 2, -1, 1)
        after = [steps[times[own] <= 10.0 * (column + 1) + 1e-3].sum() / 16 for column in range(8)]
        assert after == pytest.approx(images[to_the_right_edge, row])
        assert steps.sum() == 0


@pytest.mark.slow
def test_seeds_decide_spikes_and_split():
    a, b, other = (load_dataset("digits", encoder="rate", split="random", seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(a.train.times, b.train.times) and np.array_equal(a.test.labels, b.test.labels)
    assert not np.array_equal(a.test.labels, other.test.labels)
    same_split = (load_dataset("digits", encoder="rate", seed=seed).train for seed in (1, 2))
    assert len({part.times.tobytes() for part in same_split}) == 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"encoder": "latencies"}, "encoder 'latencies' is unknown; .* Did you mean 'latency'"),
        ({"split": "writer"}, "split 'writer' is unknown; allowed: ordered, random"),
        ({"seed": -1}, "seed = -1 is not allowed; it must be a whole number >= 0"),
        ({"duration": 0.0}, "duration = 0.0 is not allowed"),
        ({"max_rate": 50.0}, "max_rate is no setting of encoder = 'latency', which has least; remove it"),
        ({"encoder": "population", "threshold": 0.1}, "threshold is no setting .* which has least and num_fields"),
        ({"encoder": "changes", "threshold": 1e-9}, "threshold = 1e-09 makes .* raise it"),
    ],
)
def test_bad_settings(settings, says):
    with pytest.raises(SettingError, match=says):
        digits.load(**settings)
