"""The command from a file to its last line, with real trainings."""

import csv

import pytest

from genn_shd import SweepReader
from genn_shd.runs.folder import RunFolder
from genn_shd.sweep.command import main
from genn_shd.sweep.objective import EPOCH_METRICS, RUN_METRICS
from genn_shd.sweep.records import COMPLETE
from genn_shd.system.lock import try_to_hold

TEXT = """
title = "Learning rate of a tiny network"
preset = "yin_yang"
strategy = { name = "bayesian", initial = 2 }
budget = { trials = 3 }
objective = { metric = "validation_accuracy", at_most = { spikes_per_neuron = 50.0 } }

[settings]
training = { epochs = 2, batch_size = 16 }
network = { num_hidden = 12 }
dataset = { num_train = 60, num_validation = 20, num_test = 20 }

[space]
"optimiser.learning_rate" = { log_float = [1e-3, 1e-1] }
tau = { float = [10.0, 30.0], sets = ["network.tau_mem", "network.output_tau_mem"] }

[smoke]
budget = { trials = 1 }
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TEXT)
    return path


@pytest.mark.slow
def test_a_sweep_of_real_trainings_from_file_to_status(tmp_path, file, capsys, monkeypatch):
    monkeypatch.setenv("GENN_SHD_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    assert main([str(file), "--out", str(out), "--workers", "0", "--set", "simulation.num_threads=1"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == str(out)
    assert "trials: 3 of 3: 3 complete" in said.out
    assert "compiling" in said.out and "s of it compiling" in said.err
    with SweepReader(out) as reader:
        trials, best = reader.read_trials(epochs=True), reader.find_best()
    compiled = []
    for trial in trials:
        (run,) = trial.runs
        assert (trial.status, run.status) == (COMPLETE, COMPLETE)
        assert set(run.metrics["best"]) == set(run.metrics["last"]) == {"epoch", "learning_rate", *EPOCH_METRICS}
        assert set(run.metrics["run"]) == set(RUN_METRICS)
        assert run.get_metric("peak_memory") > 10
        assert trial.objective == run.get_metric("validation_accuracy", "best")
        folder = RunFolder.open_existing(out / run.folder)
        config = folder.read_config()
        assert config.optimiser.learning_rate == trial.point["optimiser.learning_rate"]
        assert config.network.tau_mem == config.network.output_tau_mem == trial.point["tau"]
        with folder.history_file.open() as history:
            rows = list(csv.DictReader(history))
        assert [float(row["validation_accuracy"]) for row in rows] == [r["validation_accuracy"] for r in run.epochs]
        compiled.append(run.get_metric("compile_seconds"))
    assert max(compiled[1:]) < compiled[0] / 2  # time constants and learning rate are run-time values
    assert trials[2].origin == "bayesian"
    assert best.objective == max(trial.objective for trial in trials)
    before = said.out
    assert main([str(file), "--out", str(out), "--workers", "0", "--set", "simulation.num_threads=1"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == before.splitlines()[:2]  # nothing was run again
    assert main([str(file), "--out", str(out), "--status"]) == 0
    assert "3 started" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"validation_accuracy"', '"validation_acuracy"', "no run reports 'validation_acuracy'"),
        ("log_float = [1e-3, 1e-1]", "log_float = [1e-1, 1e-3]", "is empty: the first value must be below the second"),
        ('"optimiser.learning_rate"', '"optimiser.learning_rat"', "Did you mean 'optimiser.learning_rate'"),
        ("budget = { trials = 3 }", "", "set budget.trials or budget.hours"),
        ("epochs = 2", "epochs = 0", "training.epochs = 0 is not allowed"),
        ('preset = "yin_yang"', 'preset = "yinyang"', "preset 'yinyang' is unknown"),
    ],
)
def test_mistakes_end_with_one_line_and_2_before_anything_starts(tmp_path, file, capsys, old, new, message):
    assert old in TEXT
    file.write_text(TEXT.replace(old, new, 1))
    assert main([str(file), "--out", str(tmp_path / "out")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("error: ") and message in line
    assert not (tmp_path / "out").exists()


def test_names_of_folders_say_what_was_asked(file, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main([str(file), "--smoke", "--status"]) == 2
    assert "runs/tiny-smoke: this is not the folder of a sweep" in capsys.readouterr().err
    assert main([str(file), "--dataset", "fsdd"]) == 2
    assert "data set 'fsdd' is unknown" in capsys.readouterr().err
    assert main(["nowhere"]) == 2
    assert "sweep 'nowhere' is unknown" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["log.txt", "state.sqlite"])
def test_files_of_others_stay(tmp_path, file, capsys, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("notes of another program")
    assert main([str(file), "--out", str(out), "--workers", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (out / name).read_text() == "notes of another program"


def test_a_lock_does_not_empty_what_was_there(tmp_path):
    (tmp_path / "planner.lock").write_text("mine")
    with try_to_hold(tmp_path / "planner.lock") as is_mine:
        assert is_mine
    assert (tmp_path / "planner.lock").read_text() == "mine"
