"""Rates of converted networks are the activations that they stand for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from genn_shd import DataError, SettingError, compile_network, convert_relu
from genn_shd.models import NEURONS


def make_layers(sizes: tuple[int, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(3)
    return [(rng.normal(0, 1.5 / np.sqrt(a), (a, b)), rng.normal(0, 0.3, b)) for a, b in itertools.pairwise(sizes)]


def compute_outputs(layers, features: np.ndarray) -> np.ndarray:
    x = features
    for number, (weights, biases) in enumerate(layers):
        x = x @ weights + biases
        x = np.maximum(x, 0) if number < len(layers) - 1 else x
    return x


def simulate(layers, features: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray]:
    converted = convert_relu(layers, features, percentile=100.0)
    with compile_network(converted.network, duration=duration, batch_size=len(features), precision="float64") as model:
        model.set_parameters(converted.parameters)
        result = model.evaluate_batch(converted.encode(features, duration))
    return result.logits, result.spike_counts


@pytest.mark.parametrize("sizes", [(6, 8, 3), (6, 8, 7, 3)])
def test_outputs_tend_to_those_of_the_units(sizes):
    layers, features = make_layers(sizes), np.random.default_rng(1).uniform(0, 2, (5, 6))
    expected = compute_outputs(layers, features)
    errors = [np.abs(simulate(layers, features, duration)[0] - expected).max() for duration in (200.0, 3200.0)]
    assert errors[1] < 0.05 * np.abs(expected).max()
    assert errors[1] < errors[0] / 4


def test_rates_are_activations_as_parts_of_the_largest():
    layers, features = make_layers((6, 8, 3)), np.random.default_rng(1).uniform(0, 2, (5, 6))
    activations = np.maximum(features @ layers[0][0] + layers[0][1], 0)
    counts = simulate(layers, features, 1000.0)[1]["hidden"]
    np.testing.assert_allclose(counts, 200.0 * activations / activations.max(), atol=4)
    assert activations.max() > 2 and (activations == 0).any()


def test_the_neuron_has_a_name_for_settings():
    assert NEURONS["integrate_and_fire"].reset == {"V": "V - v_threshold"}


def test_layers_and_features_that_do_not_fit_are_refused():
    layers, features = make_layers((6, 8, 3)), np.ones((2, 6))
    with pytest.raises(SettingError, match=r"layer 0 has weights \(6, 8\).*give weights \(5, units\)"):
        convert_relu(layers, np.ones((2, 5)))
    with pytest.raises(SettingError, match="samples have shape"):
        convert_relu(layers, np.ones(6))
    with pytest.raises(SettingError, match="cannot be converted"):
        convert_relu(layers[:1], features)
    converted = convert_relu(layers, features)
    with pytest.raises(DataError, match="not negative"):
        converted.encode(-features, 100.0)
    with pytest.raises(DataError, match=r"give \(B, 6\)"):
        converted.encode(features[:, :5], 100.0)
