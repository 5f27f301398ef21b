import csv
import json
import logging
import os
import subprocess
import sys

import numpy as np
import pytest

from genn_shd import Config, DataError, EpochMetrics, GennShdError, SettingError
from genn_shd.runs.checkpoint import Checkpoint
from genn_shd.runs.files import read_history
from genn_shd.runs.folder import RunFolder
from genn_shd.runs.results import RunSummary
from genn_shd.system.files import make_folder, open_log
from tests.checkpoint_states import row, state
from tests.disk import room_for

CONFIG = Config()


def test_a_new_folder_holds_the_complete_configuration(tmp_path):
    with RunFolder.open(tmp_path / "a" / "b", CONFIG) as folder:
        assert folder.read_config() == CONFIG
    assert RunFolder.open_existing(tmp_path / "a" / "b").read_config() == CONFIG


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"network.tau_mem": 30.0}, r"network.tau_mem = 20.0, and now it is network.tau_mem = 30.0"),
        (
            {"network.num_hidden": [256, 10], "network.recurrent": [True, True]},
            r"network.num_hidden = \[256\], and now it is network.num_hidden = \[256, 10\]",
        ),
        ({"dataset": {"name": "fsdd"}}, r"dataset.name = 'yin_yang', and now it is dataset.name = 'fsdd'"),
        (
            {"network.weights": {"input_hidden": {"mean": 0.0, "std": 1.0}}},
            r"network.weights.input_hidden.mean not set, and now it is network.weights.input_hidden.mean = 0.0",
        ),
    ],
)
def test_a_folder_of_another_configuration_is_refused(tmp_path, changes, difference):
    with RunFolder.open(tmp_path, CONFIG):
        pass
    before = (tmp_path / "config.toml").read_bytes()
    with pytest.raises(SettingError, match=difference), RunFolder.open(tmp_path, CONFIG.replace(**changes)):
        pass
    assert (tmp_path / "config.toml").read_bytes() == before


@pytest.mark.parametrize("refusal", [SettingError("too few"), DataError("other samples")])
def test_what_a_run_cannot_go_on_with_leaves_its_configuration(tmp_path, refusal):
    with RunFolder.open(tmp_path, CONFIG):
        pass
    with pytest.raises(type(refusal)), RunFolder.open(tmp_path, CONFIG.replace(**{"training.epochs": 1})):
        raise refusal
    assert RunFolder.open_existing(tmp_path).read_config() == CONFIG


def test_parts_are_what_was_asked_for_and_begun(tmp_path):
    seeds = CONFIG.replace(**{"training.seeds": [3, 10, 2]})
    with RunFolder.open(tmp_path, seeds) as top:
        for name in ("seed_2", "seed_10", "seed_7", "seed_old"):
            with RunFolder.open(tmp_path / name, CONFIG):
                pass
        assert [part.name for part in top.list_parts()] == ["seed_10", "seed_2"]
        assert RunFolder(tmp_path / "seed_2").list_parts() == []
    folds = CONFIG.replace(validation={"kind": "leave_one_speaker_out"})
    with RunFolder.open(tmp_path / "folds", folds) as top:
        for name in ("fold_10", "fold_9", "fold_copy"):
            with RunFolder.open(top.path / name, CONFIG):
                pass
        assert [part.name for part in top.list_parts()] == ["fold_9", "fold_10"]


def test_a_damaged_environment_is_said_to_be(tmp_path):
    with RunFolder.open(tmp_path, CONFIG) as folder:
        folder.environment_file.write_text("{")
        with pytest.raises(DataError, match=r"environment.json: this file is damaged"):
            folder.results.write_environment({"a": 1})


@pytest.mark.parametrize(("setting", "value"), [("training.epochs", 200), ("simulation.num_threads", 3)])
def test_what_does_not_change_the_result_may_differ(tmp_path, setting, value):
    with RunFolder.open(tmp_path, CONFIG):
        pass
    other = CONFIG.replace(**{setting: value})
    with RunFolder.open(tmp_path, other) as folder:
        assert folder.read_config() == other


@pytest.mark.parametrize(
    "name",
    [
        *("best.npz", "checkpoint.npz", "history.csv", "timings.csv", "environment.json", "summary.json"),
        *("evaluation.json", "log.txt", "plots", "recordings"),
    ],
)
def test_files_without_a_configuration_are_left_alone(tmp_path, name):
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(SettingError, match=rf"has {name} but no config\.toml"), RunFolder.open(tmp_path, CONFIG):
        pass
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(name, b"precious")]


def test_a_run_killed_before_its_configuration_was_written_begins_anew(tmp_path):
    (tmp_path / "log.txt").write_bytes(b"")
    with RunFolder.open(tmp_path, CONFIG) as folder:
        assert folder.read_config() == CONFIG


def test_settings_of_ones_own_are_no_configuration_of_a_run(tmp_path):
    text = "# mine, with all that I know about it\n[training]\nepochs = 7\n"
    (tmp_path / "config.toml").write_text(text)
    config = CONFIG.replace(**{"training.epochs": 7})
    with pytest.raises(SettingError, match=r"config\.toml is truncated, or not of a run"):
        RunFolder.open(tmp_path, config).__enter__()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("config.toml", text)]


@pytest.mark.parametrize("other", ["environment.json", "seed_1/config.toml"])
def test_a_run_of_an_earlier_version_goes_on(tmp_path, other):
    several = CONFIG.replace(**{"training.seeds": 2})
    lines = several.to_toml().splitlines(keepends=True)
    (tmp_path / "config.toml").write_text("".join(line for line in lines if not line.startswith("profile")))
    (tmp_path / "seed_1").mkdir()
    (tmp_path / other).write_text("{}" if other.endswith("json") else CONFIG.to_toml())
    with RunFolder.open(tmp_path, several) as folder:
        assert folder.config_file.read_text() == several.to_toml()


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "run").write_text("a file")
    for path in (tmp_path / "run", tmp_path / "run" / "deeper" / "still"):
        with pytest.raises(GennShdError, match=r"cannot create this folder, because .*/run is a file"):
            make_folder(path)


def test_a_folder_that_cannot_be_made_or_written_is_named(tmp_path, monkeypatch):
    def read_only(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.mkdir", read_only)
    with pytest.raises(GennShdError, match=r"cannot create this folder \(Read-only file system\)"):
        make_folder(tmp_path / "run")
    monkeypatch.undo()
    monkeypatch.setattr("pathlib.Path.open", read_only)
    with pytest.raises(GennShdError, match=r"cannot write here \(Read-only file system\); choose another --out"):
        RunFolder.open(tmp_path / "run", CONFIG).__enter__()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_is_refused_in_one_line(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(GennShdError, match="cannot create this folder"):
        RunFolder.open(tmp_path / "run", CONFIG).__enter__()


HOLD = """
import sys
from pathlib import Path
from genn_shd.config import Config
from genn_shd.runs.folder import RunFolder
with RunFolder.open(Path(sys.argv[1]), Config()):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_two_processes_do_not_train_in_one_folder(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(GennShdError, match="another process is training"), RunFolder.open(tmp_path, CONFIG):
            pass
        other.kill()
        other.wait()
        with RunFolder.open(tmp_path, CONFIG):  # the lock of a dead process is gone
            pass


def test_the_log_is_kept(tmp_path):
    log = logging.getLogger("genn_shd")
    for line in ("first", "second"):
        with RunFolder.open(tmp_path, CONFIG):
            log.info(line)
        log.info("outside")
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert [line.split()[-1] for line in lines] == ["first", "second"]


def test_a_log_without_room_says_nothing(tmp_path, capsys):
    log = logging.getLogger("genn_shd")
    with RunFolder.open(tmp_path, CONFIG), room_for(10):
        for _ in range(3):
            log.info("a line too many")
    with room_for(10), open_log(tmp_path / "log.txt") as file:
        file.write("what is written when it is closed")
    assert capsys.readouterr().err == ""


def test_no_run_no_folder(tmp_path):
    with pytest.raises(DataError, match=r"not a run folder, it has no config\.toml"):
        RunFolder.open_existing(tmp_path)


def test_a_configuration_of_another_version_is_named(tmp_path):
    (tmp_path / "config.toml").write_text("[training]\nlearning = true\n")
    with pytest.raises(SettingError, match=r"config\.toml: training\.learning is unknown"):
        RunFolder(tmp_path).read_config()


def test_history_has_a_row_an_epoch_and_exact_numbers(tmp_path):
    folder = RunFolder(tmp_path)
    epochs = [EpochMetrics.from_row(row(n)) for n in range(3)]
    folder.results.write_history(epochs)
    with folder.history_file.open() as file:
        read = list(csv.DictReader(file))
    assert [float(found["training_loss"]) for found in read] == [epoch.training_loss for epoch in epochs]
    assert list(read[0]) == list(row(0))
    assert read[0]["validation_loss"] == ""


def test_summary_is_json_without_numbers_json_does_not_have(tmp_path):
    folder = RunFolder(tmp_path)
    metrics = EpochMetrics.from_row({**row(1), "test_loss": float("nan"), "validation_loss": float("inf")})
    folder.results.write_summary(
        RunSummary("run", "complete", 1, "training", metrics, metrics, [], 12, 1.5, float("inf"), "2026-01-01")
    )
    summary = json.loads(folder.summary_file.read_text())
    assert (summary["best"]["test_loss"], summary["best"]["validation_loss"], summary["seconds"]) == (None, None, None)
    assert (summary["last"]["training_loss"], summary["compile_seconds"]) == (metrics.training_loss, 1.5)


def test_columns_of_other_versions_come_back_in_every_row(tmp_path):
    old = {name: value for name, value in row(1).items() if name != "grazing_spikes"} | {"later": 2.5}
    folder = RunFolder(tmp_path)
    folder.results.write_history([EpochMetrics.from_row(old), EpochMetrics.from_row(row(2))])
    first, second = read_history(folder.history_file)
    assert {name: first[name] for name in old} == old
    assert (first["grazing_spikes"], second["grazing_spikes"], second["later"]) == (None, 0, None)


def test_environment_keeps_the_first_start_and_what_changed(tmp_path):
    folder = RunFolder(tmp_path)
    first = {"time": "1", "command": ["a"], "python": "3.11", "model": {"threads": 2}}
    folder.results.write_environment(first)
    folder.results.write_environment({**first, "time": "2"})
    assert json.loads(folder.environment_file.read_text()) == first
    folder.results.write_environment({**first, "time": "3", "python": "3.12"})
    folder.results.write_environment({**first, "time": "4", "python": "3.12"})
    assert json.loads(folder.environment_file.read_text())["resumed"] == [{"time": "3", "python": "3.12"}]


def checkpoint(epoch):
    return Checkpoint({"parameters/w": np.zeros(3)}, state(epoch))


def test_a_damaged_checkpoint_names_the_next_best(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.checkpoints.read_latest() is None
    checkpoint(9).write(folder.checkpoint_file)
    checkpoint(7).write(folder.best_file)
    assert folder.checkpoints.read_latest().state["epoch"] == 9
    folder.checkpoint_file.write_bytes(folder.checkpoint_file.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"checkpoint\.npz: .* truncated .* best epoch, 7, copy best\.npz over it"):
        folder.checkpoints.read_latest()
    with pytest.raises(DataError, match="Use the best one, of epoch 7, with --checkpoint best"):
        folder.checkpoints.read("last")
    folder.best_file.unlink()
    with pytest.raises(DataError, match="No other checkpoint can be read; delete it to train"):
        folder.checkpoints.read_latest()
    with pytest.raises(DataError, match=r"best\.npz: .* there is no such file\.$"):
        folder.checkpoints.read("best")


def test_a_checkpoint_of_several_trainings_is_asked_of_one_of_them(tmp_path):
    several = CONFIG.replace(**{"training.seeds": 2})
    with RunFolder.open(tmp_path / "run", several) as top, RunFolder.open(tmp_path / "run" / "seed_0", CONFIG):
        pass
    with pytest.raises(DataError, match="has several trainings; name one of them: .*seed_0"):
        top.checkpoints.read("best")
    checkpoint(3).write(top.best_file)  # a training of its own, with another in a folder below
    assert top.checkpoints.read("best").state["epoch"] == 3
