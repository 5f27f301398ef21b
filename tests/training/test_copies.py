"""Evaluation with augmented copies: the mean output of a model that counts spikes."""

import numpy as np
import pytest

from genn_shd import Config, SettingError, SpikeTrains, recurrent_classifier
from genn_shd.training.copies import evaluate_with_copies
from genn_shd.training.data import build_augmentation, prepare_for_evaluation
from genn_shd.training.samples import Samples
from tests.counting_model import CountingModel

CHANGED = {
    "simulation.duration": 100.0,
    "augmentation.shift": 2,
    "augmentation.spike_dropout": 0.4,
    "augmentation.normalise": 15,
}


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(4)
    events = [(np.sort(rng.uniform(0, 90, 20)), rng.integers(8, size=20)) for _ in range(12)]
    trains = SpikeTrains.from_events(events, rng.integers(3, size=12), num_units=8)
    return Samples(trains, np.arange(1, 12))


def make_model():
    return CountingModel(recurrent_classifier(8, 5, 3, recurrent=False), batch_size=4)


def compute_logits(model, trains):
    return np.stack([model.evaluate_batch(trains.select(np.array([b]))).logits[0] for b in range(len(trains))])


def test_logits_are_means_over_a_sample_and_its_copies(samples):
    config = Config().replace(**CHANGED, **{"evaluation.copies": 3, "augmentation.blend": [0.5, 0.5]})
    model, augmentation = make_model(), build_augmentation(config)
    found = evaluate_with_copies(model, samples, config)
    passes = [compute_logits(model, prepare_for_evaluation(config, samples).trains)]
    for number in (1, 2, 3):
        copies = augmentation.prepare_copy(samples.trains, samples.indices, model.duration, 0, number)
        assert len(copies) == len(samples)
        passes.append(compute_logits(model, copies.make_batch(np.arange(len(copies)))))
    assert np.abs(found.logits - np.mean(passes, axis=0)).max() < 1e-12
    assert all(np.abs(passes[a] - passes[b]).max() > 0.01 for a in range(4) for b in range(a))
    assert found.copies == 3
    assert found.labels.tolist() == samples.labels.tolist()


def test_loss_and_spikes_are_those_of_the_samples_alone(samples):
    config = Config().replace(**CHANGED)
    alone = evaluate_with_copies(make_model(), samples, config)
    with_copies = evaluate_with_copies(make_model(), samples, config.replace(**{"evaluation.copies": 2}))
    assert with_copies.loss == alone.loss
    assert with_copies.spikes["hidden"].tolist() == alone.spikes["hidden"].tolist()
    assert np.abs(with_copies.logits - alone.logits).max() > 0.01
    assert (alone.copies, with_copies.copies) == (0, 2)


def test_copies_are_the_same_every_time_and_depend_on_the_seed(samples):
    config = Config().replace(**CHANGED, **{"evaluation.copies": 2})
    first, again, other = (
        evaluate_with_copies(make_model(), samples, config.replace(**{"training.seed": seed})).logits
        for seed in (0, 0, 1)
    )
    assert first.tolist() == again.tolist()
    assert np.abs(first - other).max() > 0.01


def test_copies_that_would_be_equal_are_left_out_with_a_warning(samples, caplog):
    config = Config().replace(
        **{"simulation.duration": 100.0, "evaluation.copies": 5, "augmentation.blend": [0.5, 0.5]}
    )
    assert evaluate_with_copies(make_model(), samples, config).copies == 0
    assert "evaluation.copies = 5 has no effect" in caplog.text


def test_a_negative_number_is_refused():
    with pytest.raises(SettingError, match=r"evaluation\.copies"):
        Config().replace(**{"evaluation.copies": -1})
