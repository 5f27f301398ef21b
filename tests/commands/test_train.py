import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from genn_shd import train
from genn_shd.runs.checkpoint import Checkpoint
from genn_shd.runs.folder import RunFolder
from genn_shd.system.interrupt import StopRequest
from tests.compiler_flags import VECTORS
from tests.forked import Forked

# Runs that are killed go over many batches, which takes longer without optimisation than compiling with it.
pytestmark = pytest.mark.cflags(VECTORS)

ROOT = Path(__file__).parents[2]
SMALL = [
    *("--preset", "yin_yang"),
    *("--set", "dataset.num_train=60", "--set", "dataset.num_validation=20", "--set", "dataset.num_test=20"),
    *("--set", "network.num_hidden=12", "--set", "validation.kind=official", "--set", "training.batch_size=16"),
    *("--set", "simulation.num_threads=1"),
]


def start(*arguments):
    """The command in a process of its own."""
    command = [sys.executable, "-m", "genn_shd.train", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen(command, **pipes)


def fork(*arguments):
    """The command as `start` runs it, there at once: nothing is started or imported."""
    return Forked(train.main, *arguments)


def outcome(path):
    with (path / "history.csv").open() as file:
        history = [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]
    arrays = {
        name: {key: array.tobytes() for key, array in Checkpoint.read(path / name).arrays.items()}
        for name in ("checkpoint.npz", "best.npz")
    }
    return history, arrays


@pytest.mark.slow
def test_a_run_from_settings_to_plots(tmp_path, capsys, drawn_figures):
    path = tmp_path / "run"
    assert train.main([*SMALL, "--set", "training.epochs=2", "--out", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [str(path)]
    assert "epoch 2/2: loss" in err
    assert "last epoch (2): training" in err.splitlines()[-1]
    assert "\r" not in err  # no bar off a terminal
    history, _ = outcome(path)
    assert len(history) == 2
    assert all(0 <= float(row["validation_accuracy"]) <= 1 for row in history)
    assert (path / "plots" / "confusion_test.png").exists()
    assert (path / "plots" / "weight.png").exists()
    config = RunFolder.open_existing(path).read_config()
    assert (config.simulation.duration, config.simulation.scheme) == (60.0, "exact")
    environment = (path / "environment.json").read_text()
    assert '"compiler"' in environment and '"git_commit"' in environment
    assert json.loads((path / "summary.json").read_text())["compile_seconds"] > 0


@pytest.mark.slow
def test_weights_move_and_loss_falls(tmp_path):
    assert (
        train.main(
            [
                "--preset",
                "yin_yang",
                "--set",
                "dataset.num_train=600",
                *SMALL[4:],
                "--set",
                "training.epochs=4",
                "--out",
                str(tmp_path),
            ]
        )
        == 0
    )
    history, _ = outcome(tmp_path)
    assert float(history[-1]["training_loss"]) < float(history[0]["training_loss"])


def test_a_dry_run_prints_settings_and_network_and_compiles_nothing(tmp_path, capsys, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("compiled")

    monkeypatch.setattr("genn_shd.training.build.compile_network", refuse)
    path = tmp_path / "run"
    assert train.main([*SMALL, "--dry-run", "--out", str(path), "--set", "network.recurrent=true"]) == 0
    out = capsys.readouterr().out
    assert "duration = 60.0" in out
    for line in ("input       5", "hidden      12", "output      3"):
        assert line in out
    assert "input_hidden   5 x 12   60" in out
    assert "hidden_hidden  12 x 12  144" in out
    assert f"{60 + 144 + 36} parameters, loss" in out
    assert not path.exists()


def test_help_lists_settings_with_defaults_and_units(capsys):
    with pytest.raises(SystemExit) as left:
        train.main(["--help"])
    assert left.value.code == 0
    out = capsys.readouterr().out
    for text in ("[optimiser.schedule]", "learning_rate", "default 0.001", "in ms", "--dry-run", "yin_yang"):
        assert text in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "network.tau_men=3"], "network.tau_men is unknown. Did you mean 'network.tau_mem'?"),
        (["--set", "network.tau_mem=-20"], "network.tau_mem = -20 is not allowed: it must be a number > 0"),
        (["--set", "training.batch_size=0"], "training.batch_size = 0 is not allowed"),
        (["--preset", "shdd"], "preset 'shdd' is unknown"),
        (["--config", "nowhere.toml"], "nowhere.toml: no such configuration file."),
        (["--backend", "nativ"], "simulation.backend = 'nativ' is not allowed"),
        (["--data-dir", "somewhere"], "dataset.data_dir is no setting of dataset.name = 'yin_yang'"),
        (["--set", "dataset.name=hdf5", "--set", "dataset.path=nowhere.h5"], "nowhere.h5"),
        (["--set", "network.weights.input_hiden={mean=1,std=1}"], "connection 'input_hiden' is unknown"),
        (["--set", "simulation.scheme=grid", "--out", "README.md/run"], "README.md"),
    ],
)
def test_mistakes_end_with_one_line_and_2(arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("genn_shd.training.build.compile_network", None)  # refused before anything is compiled
    assert train.main(["--preset", "yin_yang", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_the_default_preset_is_not_for_other_data_sets(capsys, tmp_path):
    assert train.main(["--set", "dataset.name=yin_yang", "--dry-run"]) == 0
    assert 'name = "yin_yang"\n' in capsys.readouterr().out
    (tmp_path / "my.toml").write_text('[dataset]\nname = "yin_yang"\n')
    assert train.main(["--config", str(tmp_path / "my.toml"), "--dry-run"]) == 0
    assert "hidden      256" in capsys.readouterr().out


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """A run of a few seconds, and what it leaves."""
    path = tmp_path_factory.mktemp("whole")
    arguments = [*SMALL, "--set", "dataset.num_train=2000", "--set", "training.epochs=7"]
    assert train.main([*arguments, "--out", str(path)]) == 0
    return arguments, outcome(path)


def rows_in(path):
    history = path / "history.csv"
    return len(history.read_text().splitlines()) - 1 if history.exists() else 0


def wait_for_rows(path, process, rows):
    deadline = time.monotonic() + 60
    while rows_in(path) < rows:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "begin"), [(signal.SIGINT, start), (signal.SIGTERM, fork)])
def test_a_signal_ends_with_a_checkpoint_and_the_same_command_goes_on(tmp_path, uninterrupted, number, begin):
    arguments, expected = uninterrupted
    with begin(*arguments, "--out", tmp_path) as process:
        wait_for_rows(tmp_path, process, 2)
        time.sleep(0.02)  # into an epoch
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("stopped ")
    assert f"to resume: python -m genn_shd.train {arguments[0]}" in last
    assert rows_in(tmp_path) < 7
    assert train.main([*arguments, "--out", str(tmp_path)]) == 0
    assert outcome(tmp_path) == expected


@pytest.mark.slow
def test_killed_it_goes_on_as_if_nothing_had_happened(tmp_path, uninterrupted):
    arguments, expected = uninterrupted
    for rows in (1, 4):
        with fork(*arguments, "--out", tmp_path) as process:
            wait_for_rows(tmp_path, process, rows)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
    assert rows_in(tmp_path) < 7
    assert train.main([*arguments, "--out", str(tmp_path)]) == 0
    assert outcome(tmp_path) == expected


@pytest.mark.slow
def test_threads_do_not_change_the_result(tmp_path, uninterrupted):
    arguments, expected = uninterrupted
    assert train.main([*arguments, "--set", "simulation.num_threads=2", "--out", str(tmp_path)]) == 0
    assert outcome(tmp_path) == expected


def test_a_signal_waits_for_the_batch_and_a_second_one_does_not():
    stop = StopRequest()
    with stop.listen(), stop.defer_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
    with StopRequest().listen() as stop:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        assert not stop.requested


def test_ctrl_c_before_training_ends_in_one_line_and_130(monkeypatch, capsys):
    def interrupt(config):
        raise KeyboardInterrupt

    monkeypatch.setattr("genn_shd.train.prepare_data", interrupt)
    assert train.main([]) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.slow
def test_a_checkpoint_cut_short_is_refused_and_the_best_one_can_take_its_place(tmp_path, capsys):
    arguments = [*SMALL, "--set", "training.epochs=3", "--out", str(tmp_path)]
    assert train.main(arguments) == 0
    expected = outcome(tmp_path)
    checkpoint, best = tmp_path / "checkpoint.npz", tmp_path / "best.npz"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    capsys.readouterr()
    assert train.main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert "truncated or damaged" in line and "copy best.npz over it" in line
    checkpoint.write_bytes(best.read_bytes())
    assert train.main(arguments) == 0
    assert outcome(tmp_path) == expected


@pytest.mark.slow
def test_a_diverging_run_names_the_checkpoint_it_kept(tmp_path, capsys):
    arguments = [*SMALL, "--out", str(tmp_path)]
    assert train.main([*arguments, "--set", "training.epochs=1"]) == 0
    checkpoint = Checkpoint.read(tmp_path / "checkpoint.npz")
    weights = checkpoint.arrays["parameters/hidden_output"]
    huge = {"parameters/hidden_output": np.full_like(weights, 3e38)}
    Checkpoint({**checkpoint.arrays, **huge}, checkpoint.state).write(tmp_path / "checkpoint.npz")
    kept = (tmp_path / "checkpoint.npz").read_bytes()
    capsys.readouterr()
    assert train.main([*arguments, "--set", "training.epochs=2"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: epoch 2, batch 1:")
    assert f"the last good checkpoint is {tmp_path / 'checkpoint.npz'}, of epoch 1." in line
    assert (tmp_path / "checkpoint.npz").read_bytes() == kept


def test_a_file_is_no_place_for_a_run(tmp_path, capsys):
    data = tmp_path / "data.h5"
    data.write_bytes(b"a data file")
    assert train.main([*SMALL, "--out", str(data)]) == 2
    assert "cannot create this folder, because" in capsys.readouterr().err
    assert data.read_bytes() == b"a data file"


def test_the_settings_that_it_reads_are_not_written_over(tmp_path, capsys):
    settings = tmp_path / "config.toml"
    settings.write_text('# my settings\n[dataset]\nname = "yin_yang"\nnum_train = 20\n')
    assert train.main(["--config", str(settings), "--out", str(tmp_path)]) == 2
    assert "config.toml is truncated, or not of a run" in capsys.readouterr().err
    assert settings.read_text().startswith("# my settings")
    assert list(tmp_path.iterdir()) == [settings]


@pytest.mark.slow
def test_generated_code_is_kept_where_asked_for(tmp_path, capsys):
    arguments = [*SMALL, "--set", "training.epochs=1", "--out", str(tmp_path / "run"), "--keep-code"]
    assert train.main([*arguments, str(tmp_path / "code")]) == 0
    assert "void" in (tmp_path / "code" / "network.c").read_text()
    assert "generated code: network.c in" in capsys.readouterr().err


def test_code_is_written_over_no_file_of_a_users(tmp_path, capsys):
    (tmp_path / "network.c").write_text("int mine;\n")
    assert train.main([*SMALL, "--out", str(tmp_path / "run"), "--keep-code", str(tmp_path)]) == 2
    assert "exists and is not generated code" in capsys.readouterr().err
    assert (tmp_path / "network.c").read_text() == "int mine;\n"
    assert not (tmp_path / "run").exists()


def test_a_dry_run_has_no_code_to_keep(tmp_path, capsys):
    assert train.main([*SMALL, "--dry-run", "--keep-code", str(tmp_path / "code")]) == 2
    assert "--dry-run compiles nothing" in capsys.readouterr().err
    assert not (tmp_path / "code").exists()
