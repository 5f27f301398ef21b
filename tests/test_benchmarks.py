"""What benchmarks compute beside the toolkit, and how they are found."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from benchmarks import gedanken
from benchmarks.__main__ import HERE, questions
from genn_shd import SpikeTrains


def test_every_script_with_a_question_is_found():
    found = questions()
    assert {"speed", "memory", "gradients", "yin_yang", "spoken_digits"} <= set(found)
    assert not {"report", "training", "linear", "__main__", "__init__"} & set(found)
    for name, question in found.items():
        assert question, name
        source = (HERE / f"{name}.py").read_text(encoding="utf-8")
        assert ast.unparse(ast.parse(source).body[-1]).startswith("if __name__ == '__main__'"), name


def test_features_are_roots_of_counts_in_bins_of_time_and_channels():
    linear = pytest.importorskip("benchmarks.linear", reason="scikit-learn is not installed")
    events = [
        ([0.0, 5.0, 9.9, 100.0], [0, 19, 20, 699]),
        ([], []),
        ([0.5, 0.99, 1.0], [350, 350, 351]),
    ]
    features = linear.features(SpikeTrains.from_events(events, num_units=700)).reshape(3, 10, 35)
    # The first sample lasts 100 ms, so that a bin is 10 ms; its last spike belongs to the last bin.
    expected = np.zeros((3, 10, 35))
    expected[0, 0, 0], expected[0, 0, 1], expected[0, 9, 34] = np.sqrt(2), 1, 1
    expected[2, 5, 17], expected[2, 9, 17] = 1, np.sqrt(2)
    np.testing.assert_allclose(features, expected)


def test_cross_entropy_of_every_step_pushes_spikes_apart_whatever_the_label_and_shaped_losses_do_not():
    right, wrong = (gedanken.pushes("xentropy", output) for output in (0, 1))
    np.testing.assert_allclose(right, wrong, atol=1e-7 * np.abs(right).max())
    assert right[0] < 0 < right[-1]
    assert np.abs(gedanken.pushes("sum", 0)).max() < 1e-6 * np.abs(right).max()
    assert np.all(gedanken.pushes("sum_exp", 0) < 0)
    assert np.all(gedanken.pushes("sum_exp", 1) > 0)
