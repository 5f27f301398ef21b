import numpy as np
import pytest

from genn_shd import BatchResult
from genn_shd.training.metrics import RunningMetrics, compute_accuracy, compute_accuracy_by_group, count_confusion

LABELS = np.array([0, 0, 1, 1, 2, 2, 2], np.int32)
PREDICTIONS = np.array([0, 1, 1, 1, 0, 2, 2])


def test_confusion_has_true_classes_in_rows():
    np.testing.assert_array_equal(
        count_confusion(LABELS, PREDICTIONS, 4), [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]
    )


def test_accuracy_by_group_leaves_out_unknown_members():
    speakers = np.array([3, 3, -1, 5, 5, 5, -1])
    assert compute_accuracy(LABELS, PREDICTIONS) == pytest.approx(5 / 7)
    groups = compute_accuracy_by_group(LABELS, PREDICTIONS, speakers)
    assert [(g.group, g.samples, g.correct) for g in groups] == [(3, 2, 1), (5, 3, 2)]
    assert groups[1].accuracy == pytest.approx(2 / 3)


def result(loss, predictions, counts):
    predictions = np.array(predictions)
    return BatchResult(loss, np.full(len(predictions), loss), predictions, np.zeros((len(predictions), 2)), counts)


def test_metrics_weighs_batches_by_their_samples():
    metrics = RunningMetrics()
    metrics.add(result(1.0, [0, 1, 1], {"hidden": np.array([[1, 0], [2, 0], [0, 0]])}), np.array([0, 1, 0]), ["hidden"])
    metrics.add(result(5.0, [1], {"hidden": np.array([[4, 0]]), "output": np.ones((1, 2))}), np.array([1]), ["hidden"])
    assert metrics.mean_loss == 2.0
    assert metrics.accuracy == 0.75
    assert metrics.compute_spikes_per_neuron() == 7 / (2 * 4)
    np.testing.assert_array_equal(metrics.silent["hidden"], [False, True])
    assert list(metrics.spikes) == ["hidden"]
