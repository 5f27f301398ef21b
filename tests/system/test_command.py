import os
import subprocess
import sys

import pytest

from genn_shd import DataError
from genn_shd.system.command import exit_code


def failing(error):
    def command():
        raise error

    return command


def test_a_mistake_is_one_line_and_2(capsys):
    assert exit_code(failing(DataError("the file is empty."))) == 2
    assert capsys.readouterr().err == "error: the file is empty.\n"


def test_ctrl_c_is_130(capsys):
    assert exit_code(failing(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        exit_code(lambda: 1 // 0)


def test_a_reader_that_has_seen_enough_is_no_error():
    imports = "import sys; from genn_shd.system.command import exit_code"
    program = f"{imports}; sys.exit(exit_code(lambda: print('x' * 10**6) or 0))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


COMMANDS = ("train", "evaluate", "record", "listen", "encode", "gradcheck", "report", "sweep.command")
HELP = f"""
import importlib, sys
from contextlib import suppress
for name in {COMMANDS}:
    with suppress(SystemExit):
        importlib.import_module("genn_shd." + name).main(["--help"])
from genn_shd import train
assert train.main(["--preset", "yin_yang", "--set", "dataset.num_train=30", "--dry-run"]) == 0
print("matplotlib" in sys.modules)
"""
TRAIN_AND_REPORT = """
import sys
from genn_shd import report, train
small = [f"dataset.num_{part}=12" for part in ("train", "validation", "test")]
settings = [word for setting in [*small, "training.epochs=1", "network.num_hidden=4"] for word in ("--set", setting)]
assert train.main(["--preset", "yin_yang", *settings, "--out", sys.argv[1]]) == 0
assert report.main([sys.argv[1]]) == 0
"""
DRAW = """
import os, sys
import numpy
from pathlib import Path
from genn_shd.plots import training as plots
figure = plots.loss_weight(numpy.arange(3.0), numpy.arange(3.0), "a loss")
plots.save(figure, Path(sys.argv[1]))
print(os.environ["MPLBACKEND"], "matplotlib.pyplot" in sys.modules)
"""


def test_help_and_a_dry_run_wait_for_no_matplotlib_and_print_on_any_terminal():
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "MPLBACKEND": "nonsense"}
    ended = subprocess.run([sys.executable, "-c", HELP], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("backend", ["module://nonexistent", "nonsense", "pdf"])
def test_a_notebook_s_back_end_is_neither_needed_nor_changed(backend, tmp_path):
    environment = os.environ | {"MPLBACKEND": backend}
    command = [sys.executable, "-c", DRAW, str(tmp_path / "figure.png")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == [backend, "False"]
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_training_and_its_report_need_no_back_end_of_a_notebook(tmp_path):
    environment = os.environ | {"MPLBACKEND": "module://nonexistent"}
    command = [sys.executable, "-c", TRAIN_AND_REPORT, str(tmp_path / "run")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "run" / "report" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "run" / "plots" / "training_curves.png").exists()


def test_a_name_in_an_error_does_not_steer_the_terminal(capsys):
    assert exit_code(failing(DataError("\x1b[2J\n" + "x" * 100_000))) == 2
    err = capsys.readouterr().err
    assert err.startswith(r"error: \x1b[2J\nxx") and err.count("\n") == 1 and len(err) < 5000


def test_importing_figures_leaves_a_back_end_that_was_chosen():
    program = "import matplotlib; matplotlib.use('svg'); from genn_shd import plots; print(matplotlib.get_backend())"
    environment = os.environ | {"MPLBACKEND": "pdf"}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ended.stdout == "svg\n", ended.stderr
    program = "from genn_shd import plots; import matplotlib; print(matplotlib.get_backend())"
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ended.stdout == "pdf\n", ended.stderr
