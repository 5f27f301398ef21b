import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from genn_shd import (
    SpikeTrains,
    evaluate,
    listen,
    load_config,
    load_dataset,
    prepare_data,
    record,
    report,
    train,
    write_spike_file,
)
from genn_shd.runs.checkpoint import Checkpoint
from genn_shd.runs.evaluation_report import Operations
from genn_shd.runs.folder import RunFolder
from genn_shd.training.build import build_network, compile_model

pytestmark = pytest.mark.slow

SMALL = [
    *("--preset", "yin_yang"),
    *("--set", "dataset.num_train=60", "--set", "dataset.num_validation=20", "--set", "dataset.num_test=30"),
    *("--set", "network.num_hidden=12", "--set", "validation.kind=official", "--set", "training.batch_size=16"),
    *("--set", "simulation.num_threads=1", "--set", "training.epochs=3"),
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("trained")
    assert train.main([*SMALL, "--out", str(path)]) == 0
    return path


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def evaluation(path):
    return json.loads((path / "evaluation.json").read_text())


def test_it_reports_test_and_validation_samples_by_class(run, capsys, drawn_figures):
    assert evaluate.main([str(run)]) == 0
    out = capsys.readouterr().out
    written = evaluation(run)
    assert list(written["parts"]) == ["validation", "test"]
    test = written["parts"]["test"]
    assert test["samples"] == sum(group["samples"] for group in test["by_class"].values()) == 30
    assert np.sum(test["confusion"]) == 30
    right = np.trace(test["confusion"])
    assert test["accuracy"] == pytest.approx(right / 30)
    assert f"test: {100 * right / 30:.2f} % of 30 samples correct" in out
    for name, group in test["by_class"].items():
        assert f"  {name:5}  {100 * group['accuracy']:>6.2f} %" in out
    assert test["by_speaker"] == {}
    assert f"  {Operations(**test['operations'])}\n" in out
    assert (run / "plots" / "confusion_test.png").exists()


@pytest.mark.parametrize(("which", "file"), [("best", "best.npz"), ("last", "checkpoint.npz")])
def test_it_takes_the_weights_asked_for(run, which, file):
    assert evaluate.main([str(run), "--checkpoint", which]) == 0
    checkpoint = Checkpoint.read(run / file)
    row = checkpoint.state["history"][-1]
    written = evaluation(run)
    assert (written["checkpoint"], written["epoch"]) == (which, row["epoch"])
    for part in ("validation", "test"):
        assert written["parts"][part]["accuracy"] == row[f"{part}_accuracy"]
        assert written["parts"][part]["loss"] == pytest.approx(row[f"{part}_loss"])


def test_copies_are_averaged_when_asked_for(run, capsys):
    file = run / "config.toml"
    file.write_text(file.read_text().replace("dilate = []", "dilate = [0.9, 1.1]"))
    assert evaluate.main([str(run), "--copies", "3"]) == 0
    assert "of 30 samples correct with 3 augmented copies of each, loss" in capsys.readouterr().out
    assert evaluation(run)["parts"]["test"]["copies"] == 3
    assert evaluate.main([str(run), "--copies", "-1"]) == 2
    assert "evaluation.copies" in capsys.readouterr().err


def test_it_takes_another_file(run, tmp_path, capsys):
    times = np.arange(5, dtype=np.float32) * 9
    events = [(times[:n], np.arange(n)) for n in (5, 3, 0, 4)]
    trains = SpikeTrains.from_events(events, [0, 1, 2, 1], [0, 1, 1, 0], num_units=5)
    file = tmp_path / "other.h5"
    write_spike_file(file, trains)
    assert evaluate.main([str(run), "--data", str(file)]) == 0
    part = evaluation(run)["parts"]["other"]
    config, _ = prepare_data(RunFolder.open_existing(run).read_config())
    with compile_model(config, build_network(config, 5, 3)) as model:
        model.set_parameters(Checkpoint.read(run / "best.npz").select_group("parameters"))
        predictions = model.evaluate_batch(trains).predictions
    assert part["accuracy"] == np.mean(predictions == trains.labels)
    assert part["by_speaker"]["1"]["samples"] == 2
    assert (run / "plots" / "confusion_other.png").exists()
    assert "speaker" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "arguments", "message"),
    [
        (lambda run: (run / "config.toml").unlink(), [], "this is not a run folder"),
        (
            lambda run: (run / "best.npz").write_bytes(b"PK"),
            [],
            "Use the last one, of epoch 3, with --checkpoint last",
        ),
        (lambda run: (run / "checkpoint.npz").unlink(), ["--checkpoint", "last"], "there is no such file"),
        (lambda run: None, ["--data", "nowhere.h5"], "nowhere.h5"),
    ],
)
def test_mistakes_end_with_one_line_and_2(run, spoil, arguments, message, capsys):
    spoil(run)
    assert evaluate.main([str(run), *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_files_with_other_labels_or_channels_are_refused(run, tmp_path, capsys):
    file = tmp_path / "other.h5"
    write_spike_file(file, SpikeTrains.from_events([([1.0], [0])], [7], num_units=5))
    assert evaluate.main([str(run), "--data", str(file)]) == 2
    assert "label 7" in capsys.readouterr().err
    write_spike_file(file, SpikeTrains.from_events([([1.0], [600])], [1], num_units=700))
    assert evaluate.main([str(run), "--data", str(file)]) == 2
    assert "unit 600" in capsys.readouterr().err


def test_folds_are_evaluated_one_by_one(tmp_path, capsys):
    trains = SpikeTrains.from_events(
        [([1.0, 5.0], [n % 3, n % 5]) for n in range(24)], np.arange(24) % 2, np.arange(24) % 2, num_units=5
    )
    file = tmp_path / "data.h5"
    write_spike_file(file, trains)
    settings = ["dataset.name=hdf5", f"dataset.path={file}", "dataset.num_units=5", "network.num_hidden=4"]
    settings += ["validation.kind=leave_one_speaker_out", "training.epochs=1"]
    path = tmp_path / "run"
    assert train.main([*(word for s in settings for word in ("--set", s)), "--out", str(path)]) == 0
    capsys.readouterr()
    assert evaluate.main([str(path)]) == 0
    out = capsys.readouterr().out
    assert f"{path / 'fold_0'}, validation" in out and f"{path / 'fold_1'}, validation" in out
    folds = [evaluation(path / f"fold_{n}")["parts"]["validation"] for n in (0, 1)]
    assert folds[1]["by_speaker"].keys() == {"1"}
    together = evaluation(path)
    assert together["folds"] == ["fold_0", "fold_1"]
    assert together["parts"]["validation"]["by_speaker"] == {**folds[0]["by_speaker"], **folds[1]["by_speaker"]}
    assert together["parts"]["validation"]["accuracy"] == np.mean([fold["accuracy"] for fold in folds])


def test_seeds_are_evaluated_one_by_one_and_a_trained_subset_is_found_in_a_file(tmp_path, capsys):
    settings = [
        "dataset.classes=[2, 0]",
        "dataset.rescale_channel=0.7",
        "augmentation.spike_dropout=0.1",
        "training.epochs=1",
    ]
    more = [word for setting in settings for word in ("--set", setting)]
    assert train.main([*SMALL, *more, "--seeds", "2", "--out", str(tmp_path / "run")]) == 0
    assert evaluate.main([str(tmp_path / "run")]) == 0
    parts = [evaluation(path)["parts"]["test"] for path in sorted(tmp_path.glob("run/seed_*"))]
    pooled = evaluation(tmp_path / "run")
    assert pooled["seeds"] == ["seed_0", "seed_1"]
    assert pooled["parts"]["test"]["accuracy"] == pytest.approx(np.mean([part["accuracy"] for part in parts]))
    file = tmp_path / "three.h5"
    write_spike_file(file, load_dataset("yin_yang", num_test=40).test)
    assert evaluate.main([str(tmp_path / "run"), "--data", str(file)]) == 0
    of_file = evaluation(tmp_path / "run" / "seed_1")["parts"]["three"]
    assert 0 < of_file["samples"] < 40
    assert len(of_file["by_class"]) == 2


@pytest.mark.parametrize("classes", ["[]", "[2, 0]"])
def test_classes_of_a_file_are_found_by_name(tmp_path, classes):
    """The yin-yang data's classes have names; the file has them in another order, and one less."""
    data = load_dataset("yin_yang", num_train=60, num_validation=20, num_test=90)
    assert train.main([*SMALL, "--set", f"dataset.classes={classes}", "--out", str(tmp_path / "run")]) == 0
    kept = data.test.select(np.flatnonzero(data.test.labels != 1))
    own = replace(kept, labels=np.where(kept.labels == 0, 1, 0))
    for name, trains, names in (
        ("same", kept, data.class_names),
        ("other", own, [data.class_names[2], data.class_names[0]]),
    ):
        write_spike_file(tmp_path / f"{name}.h5", trains, names)
        assert evaluate.main([str(tmp_path / "run"), "--data", str(tmp_path / f"{name}.h5")]) == 0
        found = evaluation(tmp_path / "run")["parts"][name]
        assert found["samples"] == len(kept)
        if name == "same":
            expected = found
    assert {**found} == {**expected}


@pytest.mark.parametrize("classes", ["[]", "[2, 0]"])
def test_a_file_without_a_class_of_the_run_is_refused(tmp_path, capsys, classes):
    data = load_dataset("yin_yang", num_train=60, num_validation=20, num_test=90)
    one = [*SMALL, "--set", f"dataset.classes={classes}", "--set", "training.epochs=1", "--out", str(tmp_path / "run")]
    assert train.main(one) == 0
    before = evaluation(tmp_path / "run")
    write_spike_file(tmp_path / "other.h5", data.test, ["eins", "zwei", "drei"])
    assert evaluate.main([str(tmp_path / "run"), "--data", str(tmp_path / "other.h5")]) == 2
    assert "other.h5: its classes are eins, zwei, drei; none of them is among" in capsys.readouterr().err
    assert evaluation(tmp_path / "run") == before
    write_spike_file(tmp_path / "other.h5", data.test, [name.upper() + " " for name in data.class_names])
    assert evaluate.main([str(tmp_path / "run"), "--data", str(tmp_path / "other.h5")]) == 0


def test_presets_describe_networks():
    for preset in ("fsdd", "fsdd_loso", "shd"):
        config = load_config(preset)
        assert build_network(config, 700, 20).num_parameters > 700 * 20


def change(file, name, array=None):
    """Leave an array of a checkpoint out, or write another one in its place."""
    checkpoint = Checkpoint.read(file)
    arrays = {key: value for key, value in checkpoint.arrays.items() if key != name}
    Checkpoint(arrays if array is None else arrays | {name: array}, checkpoint.state).write(file)


def every_command(run):
    """All commands that go on from a checkpoint, as (main, arguments, file)."""
    return [
        (evaluate.main, [str(run)], "best.npz"),
        (record.main, [str(run)], "best.npz"),
        (listen.main, [str(run), "--microphone", "1"], "best.npz"),
        (evaluate.main, [str(run), "--checkpoint", "last"], "checkpoint.npz"),
        (train.main, [*SMALL, "--set", "training.epochs=4", "--out", str(run)], "checkpoint.npz"),
        (train.main, [*SMALL, "--out", str(run)], "best.npz"),
    ]


@pytest.mark.parametrize("which", range(6))
def test_weights_that_are_missing_are_not_replaced_by_initial_ones(run, which, capsys):
    main, arguments, file = every_command(run)[which]
    change(run / file, "parameters/hidden_output")
    capsys.readouterr()
    assert main(arguments) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"error: {run / file}: cannot use this checkpoint: parameters/hidden_output is missing")


def test_training_does_not_go_on_without_the_optimisers_arrays(run, capsys):
    change(run / "checkpoint.npz", "optimiser/moment2.input_hidden")
    assert train.main([*SMALL, "--set", "training.epochs=4", "--out", str(run)]) == 2
    assert "optimiser/moment2.input_hidden is missing in it" in capsys.readouterr().err


@pytest.fixture
def of_a_file(tmp_path, monkeypatch):
    """The arguments of a training, and its folder, in a folder with the data it names by a relative path."""
    events = [([1.0, 5.0], [n % 3, n % 5]) for n in range(24)]
    write_spike_file(tmp_path / "data.h5", SpikeTrains.from_events(events, np.arange(24) % 2, num_units=5))
    monkeypatch.chdir(tmp_path)
    settings = ["dataset.name=hdf5", "dataset.path=data.h5", "dataset.test_path=data.h5", "dataset.num_units=5"]
    settings += ["network.num_hidden=4", "training.epochs=1", "simulation.num_threads=1"]
    return [*(word for setting in settings for word in ("--set", setting)), "--out", str(tmp_path / "run")]


def test_data_are_found_from_another_folder(of_a_file, tmp_path, monkeypatch):
    assert train.main(of_a_file) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert evaluate.main([str(tmp_path / "run")]) == 0
    assert evaluate.main(["../run", "--data", "../data.h5"]) == 0
    assert evaluation(tmp_path / "run")["data"] == str(tmp_path / "data.h5")


def test_a_run_that_kept_a_relative_path_is_gone_on_with(of_a_file, tmp_path):
    assert train.main(of_a_file) == 0
    config = tmp_path / "run" / "config.toml"
    config.write_text(config.read_text().replace(str(tmp_path / "data.h5"), "data.h5"))
    assert '\npath = "data.h5"' in config.read_text()
    assert evaluate.main([str(tmp_path / "run")]) == 0
    assert train.main([*of_a_file, "--set", "training.epochs=2"]) == 0
    assert RunFolder.open_existing(tmp_path / "run").read_config().dataset.path == str(tmp_path / "data.h5")


def test_figures_of_some_seeds_say_which_are_missing(trained, tmp_path, capsys):
    """Of four seeds one is complete, one was stopped, one is without an epoch and one was not begun."""
    run = tmp_path / "run"
    for seed in (0, 1, 2):
        shutil.copytree(trained, run / f"seed_{seed}")
    config = RunFolder(trained).read_config()
    (run / "config.toml").write_text(config.replace(**{"training.seeds": 4}).to_toml())
    summary = json.loads((trained / "summary.json").read_text())
    (run / "seed_1" / "summary.json").write_text(json.dumps(summary | {"status": "interrupted"}))
    for name in ("best.npz", "checkpoint.npz", "history.csv", "summary.json", "evaluation.json"):
        (run / "seed_2" / name).unlink()
    left = {"seed_1": "3 of 3 epochs, interrupted", "seed_2": "0 of 3 epochs, under way", "seed_3": "not begun"}
    assert evaluate.main([str(run)]) == 0
    said = capsys.readouterr().out
    assert f"{run}: not complete: seed_1 (3 of 3 epochs, interrupted), seed_2 (0 of 3" in said
    assert f"{run / 'seed_1'}: not complete: seed_1 (3 of 3 epochs, interrupted)" in said
    together = evaluation(run)
    assert (together["seeds"], together["incomplete"]) == (["seed_0", "seed_1"], left)
    assert evaluation(run / "seed_0")["incomplete"] == {}
    assert report.main([str(run)]) == 0
    page = (run / "report" / "report.html").read_text()
    assert "Figures show the results so far; not complete: seed_1 (3 of 3 epochs, interrupted), seed_2" in page
    assert "(2 trainings, not complete: seed_1" in page
    assert "2 trainings, " in page
