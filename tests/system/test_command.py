import os
import subprocess
import sys
from pathlib import Path

import pytest

from genn_shd import DataError
from genn_shd.system.command import exit_code
from tests.forked import Forked


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


@pytest.mark.slow
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


def train_and_report(arguments):
    from genn_shd import report, train
    from tests import figures

    small = [f"dataset.num_{part}=12" for part in ("train", "validation", "test")]
    settings = [
        word
        for setting in [*small, "training.epochs=1", "network.num_hidden=12", "training.batch_size=16"]
        for word in ("--set", setting)
    ]
    with figures.blank():
        assert train.main(["--preset", "yin_yang", *settings, "--out", *arguments]) == 0
        return report.main(arguments)


def draw(arguments):
    import numpy

    assert "matplotlib" not in sys.modules
    from genn_shd.plots import training as plots

    figure = plots.draw_loss_weight(numpy.arange(3.0), numpy.arange(3.0), "a loss")
    plots.save(figure, Path(*arguments))
    print(os.environ["MPLBACKEND"], "matplotlib.pyplot" in sys.modules)


def import_after_a_choice(arguments):
    import matplotlib

    matplotlib.use("svg")
    from genn_shd import plots  # noqa: F401

    print(matplotlib.get_backend())


def import_before_matplotlib(arguments):
    from genn_shd import plots  # noqa: F401, I001
    import matplotlib

    print(matplotlib.get_backend())


def run_with_back_end(backend, program, *arguments):
    """What a program prints where a notebook set the back end of its figures."""
    ended = Forked(program, *arguments, environment={"MPLBACKEND": backend})
    out, err = ended.communicate(60)
    assert ended.returncode == 0, err
    return out


@pytest.mark.slow
def test_help_and_a_dry_run_wait_for_no_matplotlib_and_print_on_any_terminal():
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "MPLBACKEND": "nonsense"}
    ended = subprocess.run([sys.executable, "-c", HELP], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "False"


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["module://nonexistent", "nonsense", "pdf"])
def test_a_notebook_s_back_end_is_neither_needed_nor_changed(backend, tmp_path):
    assert run_with_back_end(backend, draw, tmp_path / "figure.png").split() == [backend, "False"]
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_training_and_its_report_need_no_back_end_of_a_notebook(tmp_path):
    run_with_back_end("module://nonexistent", train_and_report, tmp_path / "run")
    assert (tmp_path / "run" / "report" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "run" / "plots" / "training_curves.png").exists()


def test_a_name_in_an_error_does_not_steer_the_terminal(capsys):
    assert exit_code(failing(DataError("\x1b[2J\n" + "x" * 100_000))) == 2
    err = capsys.readouterr().err
    assert err.startswith(r"error: \x1b[2J\nxx") and err.count("\n") == 1 and len(err) < 5000


@pytest.mark.slow
def test_importing_figures_leaves_a_back_end_that_was_chosen():
    assert run_with_back_end("pdf", import_after_a_choice) == "svg\n"
    assert run_with_back_end("pdf", import_before_matplotlib) == "pdf\n"
