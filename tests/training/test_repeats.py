import json
from dataclasses import fields, replace

import numpy as np
import pytest

from genn_shd import Config, Dataset, DivergedError, SettingError, SpikeTrains, prepare_data, run_training
from genn_shd.runs.folder import RunFolder
from genn_shd.runs.progress import find_incomplete, format_incomplete
from genn_shd.system.interrupt import Interrupted, StopRequest
from genn_shd.training.callbacks import AfterEpoch
from genn_shd.training.data import build_augmentation, crop, partition, resolve
from tests.counting_model import CountingModel

SPEAKERS = ("ann", "bob", "cem")


def trains_of(count, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=count)
    events = [(np.full(4, 5.0), np.sort(rng.integers(3, size=4) + 3 * label)) for label in labels]
    return SpikeTrains.from_events(events, labels, np.arange(count) % 3, num_units=6)


DATASET = Dataset("made up", trains_of(30, 1), trains_of(9, 2), trains_of(12, 3), ("yes", "no"), SPEAKERS, 100.0)
CONFIG = Config().replace(
    **{
        "network.num_hidden": 5,
        "network.recurrent": False,
        "training.epochs": 2,
        "training.batch_size": 8,
        "optimiser.learning_rate": 0.1,
    }
)


@pytest.fixture(autouse=True)
def drawings(monkeypatch):
    """Figures take longer than all else here: only their names are kept. They are drawn in the tests of commands."""

    def save(figure, path):
        path.parent.mkdir(exist_ok=True)
        path.touch()

    for shown in ("training_curves", "confusion", "folds", "loss_weight"):
        monkeypatch.setattr(f"genn_shd.plots.training.draw_{shown}", lambda *arguments: None)
    monkeypatch.setattr("genn_shd.plots.training.save", save)


@pytest.fixture(autouse=True)
def models(monkeypatch):
    """Every model that was compiled, in place of those a back end would make."""
    made = []

    def compile_network(network, batch_size, learning_rate, seed, **others):
        made.append(CountingModel(network, batch_size, learning_rate, seed))
        return made[-1]

    monkeypatch.setattr("genn_shd.training.build.compile_network", compile_network)
    return made


def run(path, dataset=DATASET, stop=None, after_epoch=lambda row: None, **settings):
    callbacks = [AfterEpoch(after_epoch)]
    return run_training(resolve(CONFIG.replace(**settings), dataset), dataset, path, stop, callbacks)


def test_a_run_leaves_everything_the_design_names(tmp_path, models):
    rows = []
    summary = run(tmp_path, after_epoch=rows.append)
    assert {p.name for p in tmp_path.iterdir()} == {
        *("config.toml", "environment.json", "history.csv", "checkpoint.npz", "best.npz", "summary.json", "log.txt"),
        *("evaluation.json", "baseline.json", "plots"),
    }
    evaluation = json.loads((tmp_path / "evaluation.json").read_text())
    assert (evaluation["checkpoint"], evaluation["epoch"]) == ("best", summary.best.epoch)
    assert evaluation["parts"]["test"]["accuracy"] == summary.best.test_accuracy
    assert {p.name for p in (tmp_path / "plots").iterdir()} == {
        "training_curves.png",
        "confusion_test.png",
        "weight.png",
    }
    assert json.loads((tmp_path / "summary.json").read_text()) == summary.to_json()
    assert (summary.status, summary.epochs, summary.monitor) == ("complete", 2, "training")
    assert summary.last == rows[-1]
    assert summary.best in rows
    assert summary.num_parameters == 6 * 5 + 5 * 2
    assert json.loads((tmp_path / "environment.json").read_text())["model"] == {"backend": "counting"}
    assert models[0].closed


def test_a_list_of_one_seed_is_that_seed(tmp_path, models):
    run(tmp_path / "a", **{"training.seeds": [3]})
    run(tmp_path / "b", **{"training.seed": 3})
    assert [model.seed for model in models] == [3, 3]
    assert (tmp_path / "a" / "config.toml").read_text() == (tmp_path / "b" / "config.toml").read_text()
    with pytest.raises(SettingError, match="training.seed = 3"):
        run(tmp_path / "a", **{"training.seeds": [7]})


def test_a_speaker_left_out_in_turn_chooses_no_epoch():
    resolved = resolve(CONFIG.replace(validation={"kind": "leave_one_speaker_out"}), DATASET)
    assert resolved.training.monitor == "training"


@pytest.mark.slow
def test_parts_that_are_gone_on_with_and_stopped_leave_a_summary_that_says_so(tmp_path):
    leave_out = {"validation": {"kind": "leave_one_speaker_out"}}
    folds = [f"fold_{speaker}" for speaker in run(tmp_path, **leave_out).folds]
    assert len(folds) > 1 and find_incomplete(RunFolder(tmp_path)) == {}
    stop = StopRequest()

    def interrupt(row):
        stop.requested = True

    with pytest.raises(Interrupted):
        run(tmp_path, stop=stop, after_epoch=interrupt, **leave_out, **{"training.epochs": 4})
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["status"], summary["complete"], len(summary["missing"])) == ("interrupted", [], len(folds))
    assert "mean_accuracy_best" not in summary
    expected = ["3 of 4 epochs, interrupted", *["2 of 4 epochs, complete"] * (len(folds) - 1)]
    assert list(find_incomplete(RunFolder(tmp_path)).values()) == expected


def test_a_training_that_its_patience_ended_is_not_missing(tmp_path):
    early = {"training.epochs": 9, "training.patience": 2, "optimiser.learning_rate": 1e-30}
    run(tmp_path, **early)
    assert find_incomplete(RunFolder(tmp_path)) == {}
    assert 3 <= json.loads((tmp_path / "summary.json").read_text())["epochs"] < 9


@pytest.mark.slow
def test_seeds_that_were_not_begun_are_known_to_be_missing(tmp_path):
    stop, seeds = StopRequest(), {"training.seeds": 3}

    def interrupt_the_second(row):
        stop.requested = (tmp_path / "seed_1").exists()

    with pytest.raises(Interrupted):
        run(tmp_path, stop=stop, after_epoch=interrupt_the_second, **seeds)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["status"], summary["complete"], summary["missing"]) == (
        "interrupted",
        ["seed_0"],
        ["seed_1", "seed_2"],
    )
    left = {"seed_1": "1 of 2 epochs, interrupted", "seed_2": "not begun"}
    assert find_incomplete(RunFolder(tmp_path)) == left
    assert format_incomplete(left) == "not complete: seed_1 (1 of 2 epochs, interrupted), seed_2 (not begun)"
    with pytest.raises(SettingError):
        run(tmp_path, **seeds, **{"training.epochs": 1, "network.tau_mem": 99.0})
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    run(tmp_path, **seeds)
    assert find_incomplete(RunFolder(tmp_path)) == {}


def test_folds_within_seeds_are_named_by_both(tmp_path):
    folds, stop = {"validation": {"kind": "leave_one_speaker_out"}, "training.seeds": 2}, StopRequest()

    def interrupt(row):
        stop.requested = True

    with pytest.raises(Interrupted):
        run(tmp_path, stop=stop, after_epoch=interrupt, **folds)
    left = find_incomplete(RunFolder(tmp_path))
    assert left.pop("seed_1") == "not begun"
    assert left.pop("seed_0/fold_0") == "1 of 2 epochs, interrupted"
    assert left and set(left.values()) == {"not begun"} and all(name.startswith("seed_0/fold_") for name in left)


def test_optimiser_settings_reach_the_model(tmp_path, models):
    run(tmp_path, **{"optimiser.beta1": 0.8, "optimiser.beta2": 0.9, "optimiser.epsilon": 1e-6})
    given = {"optimiser.beta1": 0.8, "optimiser.beta2": 0.9, "optimiser.epsilon": 1e-6}
    optimiser = {name: value for name, value in models[0].values.items() if name.startswith("optimiser.")}
    assert optimiser == {**given, "optimiser.weight_decay": 0.0}


def test_interrupted_and_diverged_runs_leave_a_summary_too(tmp_path):
    stop = StopRequest()

    def after_first(row):
        stop.requested = True

    with pytest.raises(Interrupted, match="stopped after epoch 1"):
        run(tmp_path, stop=stop, after_epoch=after_first)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["status"], summary["epochs"], summary["last"]["epoch"]) == ("interrupted", 1, 1)
    assert (tmp_path / "plots" / "training_curves.png").exists()
    with pytest.raises(DivergedError):
        run(tmp_path / "high", **{"optimiser.learning_rate": 1e200})
    assert json.loads((tmp_path / "high" / "summary.json").read_text())["status"] == "diverged"
    assert run(tmp_path).epochs == 2


@pytest.mark.slow
def test_curves_are_drawn_while_a_run_trains_but_not_after_every_epoch(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "genn_shd.plots.training.draw_training_curves", lambda history, title: drawn.append(len(history))
    )
    run(tmp_path / "short", **{"training.epochs": 5})
    assert drawn == [5]
    del drawn[:]
    monkeypatch.setattr("genn_shd.training.callbacks.training_curves.FIRST_DRAWING", 0.0)
    monkeypatch.setattr("genn_shd.training.callbacks.training_curves.DRAWING_SHARE", 1e-9)
    run(tmp_path / "long", **{"training.epochs": 5})
    assert drawn == [1, 5]


@pytest.mark.slow
def test_leave_one_speaker_out_trains_once_a_speaker_and_sums_up(tmp_path, models):
    summary = run(tmp_path, validation={"kind": "leave_one_speaker_out"})
    assert [p.name for p in sorted(tmp_path.glob("fold_*"))] == ["fold_0", "fold_1", "fold_2"]
    assert len(models) == 3
    for epoch in ("last", "best"):
        folds = [getattr(summary.folds[name], epoch).validation_accuracy for name in SPEAKERS]
        assert list(getattr(summary, f"fold_accuracy_{epoch}").values()) == folds
        assert getattr(summary, f"mean_accuracy_{epoch}") == pytest.approx(np.mean(folds))
    assert {p.name for p in (tmp_path / "plots").iterdir()} == {
        "folds.png",
        "confusion_test.png",
        "confusion_validation.png",
    }
    assert json.loads((tmp_path / "summary.json").read_text()) == summary.to_json()
    fold = RunFolder.open_existing(tmp_path / "fold_1")
    samples = partition(fold.read_config(), DATASET)
    assert set(samples.validation.speakers) == {1}
    assert set(samples.train.speakers) == {0, 2}
    assert (tmp_path / "log.txt").read_text().count("epoch 2/2") == 3


def test_accuracy_with_copies_is_in_every_summary(tmp_path):
    copies = {"evaluation.copies": 2, "augmentation.spike_dropout": 0.5}
    once = run(tmp_path / "once", **copies)
    evaluation = json.loads((tmp_path / "once" / "evaluation.json").read_text())
    assert evaluation["parts"]["test"]["copies"] == 2
    assert once.with_copies == {"test": evaluation["parts"]["test"]["accuracy"]}
    assert once.list_accuracies()["test_accuracy_copies"] == once.with_copies["test"]
    folds = run(tmp_path / "folds", **copies, validation={"kind": "leave_one_speaker_out"})
    assert folds.fold_accuracy_copies == {name: fold.with_copies["validation"] for name, fold in folds.folds.items()}
    assert folds.mean_accuracy_copies == pytest.approx(np.mean(list(folds.fold_accuracy_copies.values())))
    assert json.loads((tmp_path / "folds" / "summary.json").read_text()) == folds.to_json()
    assert run(tmp_path / "without").with_copies is None


@pytest.mark.slow
def test_leave_one_speaker_out_goes_on_in_the_fold_it_was_stopped_in(tmp_path, models):
    settings = {"validation": {"kind": "leave_one_speaker_out"}}
    expected = run(tmp_path / "whole", **settings)
    stop, rows = StopRequest(), []

    def stop_in_second_fold(row):
        rows.append(row)
        stop.requested = len(rows) == 3

    with pytest.raises(Interrupted):
        run(tmp_path / "parts", stop=stop, after_epoch=stop_in_second_fold, **settings)
    assert not (tmp_path / "parts" / "fold_2").exists()
    del models[:]
    summary = run(tmp_path / "parts", **settings)
    assert summary.fold_accuracy_last == expected.fold_accuracy_last
    assert [model.batches > 0 for model in models] == [False, True, True]


def test_several_seeds_are_trained_one_after_another_and_summed_up(tmp_path, models):
    summary = run(tmp_path, **{"training.seeds": 3, "training.seed": 4})
    assert sorted(p.name for p in tmp_path.glob("seed_*")) == ["seed_4", "seed_5", "seed_6"]
    assert RunFolder.open_existing(tmp_path / "seed_5").read_config().training.seed == 5
    for epoch in ("best", "last"):
        values = [getattr(summary.seeds[seed], epoch).test_accuracy for seed in (4, 5, 6)]
        spread = summary.over_seeds[f"test_accuracy_{epoch}"]
        assert spread.values == values
        assert (spread.mean, spread.std) == pytest.approx((np.mean(values), np.std(values) * np.sqrt(3 / 2)))
    assert len({spread.values[k] for spread in summary.over_seeds.values() for k in range(3)}) > 2
    assert json.loads((tmp_path / "summary.json").read_text()) == summary.to_json()
    assert not (tmp_path / "checkpoint.npz").exists()
    assert "validation_accuracy_best" not in summary.over_seeds


@pytest.mark.slow
def test_seeds_go_on_where_they_were_stopped_and_can_be_added(tmp_path, models):
    loso = {"validation": {"kind": "leave_one_speaker_out"}}
    stop, rows = StopRequest(), []

    def stop_in_fifth_training(row):
        rows.append(row)
        stop.requested = len(rows) == 9

    with pytest.raises(Interrupted):
        run(tmp_path, stop=stop, after_epoch=stop_in_fifth_training, **{"training.seeds": [7, 2]}, **loso)
    assert sorted(p.name for p in (tmp_path / "seed_2").glob("fold_*")) == ["fold_0", "fold_1"]
    run(tmp_path, **{"training.seeds": [7, 2]}, **loso)
    del models[:]
    summary = run(tmp_path, **{"training.seeds": [7, 2, 3]}, **loso)
    assert [model.batches > 0 for model in models] == [False] * 6 + [True] * 3
    means = [summary.seeds[seed].mean_accuracy_last for seed in (7, 2, 3)]
    assert summary.over_seeds["mean_accuracy_last"].values == means


@pytest.mark.slow
def test_a_folder_of_one_seed_does_not_become_one_of_several(tmp_path):
    run(tmp_path / "one")
    with pytest.raises(SettingError, match="holds another kind of training, one with the single seed 0"):
        run(tmp_path / "one", **{"training.seeds": 2})
    run(tmp_path / "two", **{"training.seeds": 2})
    with pytest.raises(SettingError, match="one with several seeds"):
        run(tmp_path / "two")


def test_a_folder_of_another_configuration_is_refused_before_anything_is_compiled(tmp_path, models):
    run(tmp_path)
    del models[:]
    with pytest.raises(SettingError, match=r"network\.tau_mem"):
        run(tmp_path, **{"network.tau_mem": 30.0})
    assert models == []


def test_without_samples_held_out_the_training_samples_are_looked_at(tmp_path):
    dataset = Dataset("made up", DATASET.train, None, None, ("yes", "no"), SPEAKERS, 100.0)
    run(tmp_path, dataset)
    assert (tmp_path / "plots" / "confusion_train.png").exists()


# --- what a configuration leaves open ----------------------------------------------------------------------------


def test_resolved_settings_leave_nothing_open():
    config = resolve(CONFIG, DATASET)
    assert config.simulation.duration == 100.0
    assert config.simulation.scheme == "exact"
    assert config.training.monitor == "training"
    assert resolve(CONFIG.replace(**{"validation": {"kind": "random"}}), DATASET).training.monitor == "validation"
    assert resolve(CONFIG.replace(**{"simulation.backend": "genn"}), DATASET).simulation.scheme == "grid"
    assert resolve(CONFIG.replace(rule="surrogate"), DATASET).simulation.scheme == "grid"
    assert resolve(config, DATASET) == config


def test_there_is_nothing_to_monitor_without_validation():
    with pytest.raises(
        SettingError, match=r"training\.monitor = 'validation' is not allowed with validation\.kind = 'none'"
    ):
        resolve(CONFIG.replace(**{"training.monitor": "validation"}), DATASET)


def test_partitions_follow_the_kind_of_validation():
    def parts(**validation):
        return partition(resolve(CONFIG.replace(validation=validation), DATASET), DATASET)

    assert parts(kind="none").validation is None
    random = parts(kind="random", fraction=0.2)
    assert (len(random.train), len(random.validation), len(random.test)) == (24, 6, 12)
    assert not set(random.train.indices) & set(random.validation.indices)
    named, numbered = parts(kind="speaker", speakers="bob"), parts(kind="speaker", speakers=[1])
    np.testing.assert_array_equal(named.validation.indices, numbered.validation.indices)
    assert parts(kind="official").validation.trains is DATASET.validation
    bare = Dataset("bare", DATASET.train, None, None, ("yes", "no"), SPEAKERS, 100.0)
    with pytest.raises(
        SettingError, match=r"validation\.kind = 'official' is not allowed: data set 'bare' has no validation set"
    ):
        partition(resolve(CONFIG.replace(validation={"kind": "official"}), bare), bare)


def test_spike_numbers_are_settled_by_the_training_samples_and_apply_to_evaluation(tmp_path, monkeypatch):
    trains = SpikeTrains.from_events(
        [(np.full(n, 5.0), np.arange(n) % 6) for n in (20, 3, 40, 60, 50, 30)], [0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2]
    )
    dataset = replace(DATASET, train=trains, validation=None)
    seen = []
    evaluate_batch = CountingModel.evaluate_batch
    monkeypatch.setattr(
        CountingModel, "evaluate_batch", lambda self, batch: seen.append(batch.counts) or evaluate_batch(self, batch)
    )
    settings = {"augmentation.normalise": "smallest", "validation": {"kind": "speaker", "speakers": ["bob"]}}
    run(tmp_path / "smallest", dataset, **settings)
    assert RunFolder.open_existing(tmp_path / "smallest").read_config().augmentation.normalise == 3
    validation = np.concatenate([counts for counts in seen if len(counts) == 2])
    assert (validation < 15).all() and len(set(validation[::2])) == 1  # thinned, alike in every epoch
    run(tmp_path / "smallest", dataset, **settings)  # goes on: nothing to be trained, nothing to be refused


def test_data_are_prepared_with_the_classes_and_units_asked_for():
    settings = {"dataset.classes": ["no", 0], "dataset.rescale_time": 0.5, "dataset.rescale_channel": 0.5}
    config, dataset = prepare_data(CONFIG.replace(**settings), load=lambda name, **of_loader: DATASET)
    assert (dataset.num_input, dataset.class_names, config.simulation.duration) == (3, ("no", "yes"), 50.0)
    np.testing.assert_array_equal(dataset.test.labels, 1 - DATASET.test.labels)
    np.testing.assert_array_equal(dataset.train.times, DATASET.train.times / 2)
    np.testing.assert_array_equal(dataset.train.units, DATASET.train.units // 2)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({f"augmentation.{'spike_dropout' if name == 'drop' else name}": value}, name)
        for name, value in [
            ("shift", 3),
            ("jitter", 2.0),
            ("dilate", [0.9, 1.1]),
            ("drop", 0.1),
            ("blend", [0.5, 0.5]),
            ("normalise", 7),
            ("balance", True),
        ]
    ],
)
def test_each_augmentation_is_a_setting(settings, name):
    assert build_augmentation(CONFIG).is_empty
    augmentation = build_augmentation(CONFIG.replace(**settings))
    parts = {f.name: getattr(augmentation, f.name) for f in fields(augmentation) if f.name != "steps"}
    assert [part for part, value in parts.items() if value is not None] + [s.stream for s in augmentation.steps] == [
        name
    ]


def test_samples_longer_than_the_trial_are_cropped_and_counted_in_the_log(caplog):
    long = SpikeTrains.from_events([([1.0, 120.0], [0, 1]), ([99.0], [0]), ([100.0], [5])], [0, 1, 1], num_units=6)
    dataset = Dataset("long", long, None, DATASET.test, ("yes", "no"), (), 100.0)
    with caplog.at_level("INFO", "genn_shd"):
        cropped = crop(dataset, 100.0)
    assert [record.getMessage() for record in caplog.records] == [
        "2 of 3 train samples are longer than the trial of 100 ms and are cropped"
    ]
    np.testing.assert_array_equal(cropped.train.times, [1.0, 99.0])
    assert cropped.test is DATASET.test


@pytest.mark.parametrize(("spacing", "lost"), [(33.0, 0), (50.0, 2)])
def test_copies_of_the_input_that_come_after_the_trial_are_counted_in_the_log(caplog, spacing, lost):
    settings = {"network.input_delays": 3, "network.delay_spacing": spacing}
    with caplog.at_level("INFO", "genn_shd"):
        prepare_data(CONFIG.replace(**settings), load=lambda name, **of_loader: DATASET)
    told = [record.getMessage() for record in caplog.records]
    message = "2 of 4 copies of the input arrive after the trial of 100 ms; lower network.delay_spacing"
    assert told == ([message] if lost else [])
