"""Neurons that excite each other without end are refused before they fill the memory."""

import numpy as np
import pytest

from genn_shd import DivergedError, Normal, SpikeTrains, compile_network
from genn_shd.models import recurrent_classifier


def compiled(recurrent_weight: float):
    network = recurrent_classifier(
        10,
        50,
        3,
        weights={"input_hidden": Normal(0.5, 0.1), "hidden_hidden": Normal(recurrent_weight, 0.0)},
        tau_mem=5.0,
    )
    return compile_network(network, batch_size=4, duration=50.0, dt=1.0, learning_rate=1e-3)


@pytest.fixture
def batch() -> SpikeTrains:
    rng = np.random.default_rng(0)
    events = [(np.sort(rng.uniform(0, 40, 100)), rng.integers(0, 10, 100)) for _ in range(4)]
    return SpikeTrains.from_events(events, labels=[0, 1, 2, 0], num_units=10)


@pytest.mark.parametrize("work", ["evaluate_batch", "train_batch", "gradient"])
def test_spikes_without_end_are_refused_and_the_model_goes_on(batch, work):
    with compiled(2.0) as model:
        with pytest.raises(DivergedError, match="more than 5 spikes a ms; lower the weights"):
            getattr(model, work)(batch)
        model.set_parameters({"hidden_hidden": np.zeros((50, 50), np.float32)})
        assert np.isfinite(getattr(model, work)(batch).loss)


@pytest.mark.parametrize("dt", [0.05, 1.0])
def test_a_volley_of_all_neurons_at_once_is_not_refused(dt):
    network = recurrent_classifier(2, 300, 3, False, weights={"input_hidden": Normal(30.0, 0.0)})
    with compile_network(network, batch_size=1, duration=5.0, dt=dt) as model:
        result = model.evaluate_batch(SpikeTrains.from_events([([1.0], [0])], labels=[0], num_units=2))
    assert (result.spike_counts["hidden"] >= 2).all()


def test_busy_neurons_are_not_refused(batch):
    with compiled(0.01) as model:
        result = model.evaluate_batch(batch)
    assert result.spike_counts["hidden"].mean() > 20
