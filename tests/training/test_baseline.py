"""The linear classifier beside a network: its features, when it is fitted, and that it never fails a training."""

import json

import numpy as np
import pytest

from genn_shd import DataError, SpikeTrains, train
from genn_shd.reports import run_report, runs
from genn_shd.runs.results import RunSummary, average_baseline
from genn_shd.training import baseline
from genn_shd.training.samples import Partition, Samples

SMALL = [
    *("--preset", "yin_yang", "--set", "dataset.num_train=200", "--set", "dataset.num_validation=20"),
    *("--set", "dataset.num_test=100", "--set", "network.num_hidden=12", "--set", "training.epochs=1"),
    *("--set", "simulation.num_threads=1"),
]


def by_rule(sample, end, groups, num_units):
    """Features of one sample, spike by spike."""
    counts = np.zeros((20, groups))
    for time, unit in zip(*sample, strict=True):
        counts[min(int(time / end * 20), 19), int(unit) * groups // num_units] += 1
    return np.sqrt(counts).ravel()


def words(count, seed, num_units=70):
    """Class 0 spikes early on low channels, class 1 late on high ones, both with noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    events = [
        (np.sort(rng.normal(300 + 300 * c, 100, 60).clip(0, 990)), (rng.beta(2 + c, 3 - c, 60) * num_units).astype(int))
        for c in labels
    ]
    return Samples.from_all(SpikeTrains.from_events(events, labels, num_units=num_units))


@pytest.mark.parametrize(("num_units", "groups"), [(70, 35), (5, 5), (100, 35)])
def test_features_are_roots_of_counts_by_time_and_group_of_channels(num_units, groups):
    trains = words(1100, 1, num_units).trains  # more than are counted at once
    chosen = Samples(trains, np.array([1099, 3, 600]))
    found = baseline.compute_features(chosen, 700.0)
    assert found.shape == (3, 20 * groups)
    for row, sample in zip(found, chosen.indices, strict=True):
        assert row == pytest.approx(by_rule(trains[sample], 700.0, groups, num_units))


def test_classes_that_a_line_tells_apart_are_told_apart_and_only_training_samples_are_learned_from():
    parts = Partition(words(40, 1), test=words(30, 2))
    assert baseline.classify(parts) == {"training": 1.0, "test": 1.0}
    swapped = SpikeTrains.concatenate([words(30, 2).trains])
    columns = [getattr(swapped, name) for name in ("times", "units", "offsets")]
    swapped = Samples.from_all(SpikeTrains(*columns, 1 - swapped.labels, swapped.speakers, 70))
    assert baseline.classify(Partition(words(40, 1), words(20, 3), swapped)) == {
        "training": 1.0,
        "validation": 1.0,
        "test": 0.0,
    }


@pytest.mark.parametrize(
    ("train", "says"),
    [
        (Samples(words(10, 1).trains, np.arange(0, 10, 2)), "have a single class"),
        (Samples.from_all(SpikeTrains.from_events([([], []), ([], [])], [0, 1], num_units=3)), "have no spikes"),
    ],
)
def test_what_it_cannot_be_fitted_to(train, says):
    with pytest.raises(DataError, match=says):
        baseline.classify(Partition(train))


def test_too_many_samples_are_left_out(monkeypatch):
    monkeypatch.setattr(baseline, "MOST_WORK", 40 * 700 * 2 - 1)
    with pytest.raises(DataError, match="40 training samples of 2 classes would take too long"):
        baseline.classify(Partition(words(40, 1)))


@pytest.mark.slow
def test_a_run_says_what_it_came_to_and_fits_it_once(tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    assert train.main([*SMALL, "--out", str(run)]) == 0
    line = capsys.readouterr().err.splitlines()[-1]
    kept = json.loads((run / "baseline.json").read_text())["accuracy"]
    assert set(kept) == {"training", "validation", "test"} and kept["test"] > 0.7
    assert line.endswith(f"; linear classifier: training {100 * kept['training']:.2f} %, "
                         f"validation {100 * kept['validation']:.2f} %, test {100 * kept['test']:.2f} %")  # fmt: skip
    assert json.loads((run / "summary.json").read_text())["baseline"] == kept
    facts = dict(run_report._list_facts(runs.list_trainings(run), ""))
    assert facts["test accuracy, linear classifier"] == f"{100 * kept['test']:.2f} %"

    monkeypatch.setattr(baseline, "classify", lambda samples: pytest.fail("fitted again"))
    assert train.main([*SMALL, "--set", "training.epochs=2", "--out", str(run)]) == 0
    assert json.loads((run / "summary.json").read_text())["baseline"] == kept


@pytest.mark.slow
def test_it_can_be_off_and_never_fails_a_training(tmp_path, capsys, monkeypatch):
    assert train.main([*SMALL, "--set", "report.baseline=none", "--out", str(tmp_path / "off")]) == 0
    assert not (tmp_path / "off" / "baseline.json").exists() and "linear" not in capsys.readouterr().err
    with monkeypatch.context() as patched:
        patched.setattr(baseline, "MOST_WORK", 0)
        assert train.main([*SMALL, "--out", str(tmp_path / "many")]) == 0
    assert "no linear classifier for comparison: a fit to 200 training samples of 3" in capsys.readouterr().err

    def fail(samples):
        raise MemoryError("too much")

    monkeypatch.setattr(baseline, "classify", fail)
    assert train.main([*SMALL, "--out", str(tmp_path / "failed")]) == 0
    assert "no linear classifier for comparison: MemoryError: too much" in capsys.readouterr().err
    assert json.loads((tmp_path / "failed" / "summary.json").read_text())["baseline"] is None


@pytest.mark.slow
def test_a_damaged_file_is_named(tmp_path, capsys):
    assert train.main([*SMALL, "--out", str(tmp_path)]) == 0
    (tmp_path / "baseline.json").write_text('{"accuracy": {"test": 71.7}}')
    assert train.main([*SMALL, "--set", "training.epochs=2", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "baseline.json: this file is damaged" in error and "delete it" in error


def test_means_over_several_trainings_need_all_of_them():
    def summary(values):
        return RunSummary("run", "complete", 1, "training", None, None, [], 1, 0.0, 0.0, "", values)

    both = [summary({"test": 0.5, "training": 1.0}), summary({"test": 0.7, "training": 0.9})]
    assert average_baseline(both) == pytest.approx({"test": 0.6, "training": 0.95})
    assert average_baseline([*both, summary(None)]) is None
    assert average_baseline([]) is None
