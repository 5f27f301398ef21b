import pytest

from genn_shd import report, train
from genn_shd.sweep import plan as plans
from genn_shd.sweep.command import run
from genn_shd.sweep.workers.in_process import InProcess
from genn_shd.system.interrupt import StopRequest
from tests.figures import blank, blank_figures, drawn  # noqa: F401
from tests.once import make_once
from tests.reports import runs_of_trials

TINY = [
    *("--preset", "yin_yang"),
    *("--set", "dataset.num_train=60", "--set", "dataset.num_validation=20", "--set", "dataset.num_test=30"),
    *("--set", "network.num_hidden=12", "--set", "validation.kind=official", "--set", "training.batch_size=16"),
    *("--set", "simulation.num_threads=1", "--set", "training.epochs=2"),
]
RECORD = ["--set", "recording.epochs=2", "--set", "recording.batches=1"]


def make_report(folder):
    assert report.main([str(folder)]) == 0
    return folder / "report" / "report.html"


def draw_report(folder):
    """A report with its figures."""
    with drawn():
        make_report(folder)


def make_sweep(folder, file):
    run(plans.make_plan(file), folder, InProcess, StopRequest(), False)
    return folder


def draw_sweep(folder, file):
    """A sweep and its report."""
    draw_report(make_sweep(folder, file))


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A run of two epochs that recorded a batch, with its report."""

    def make(folder):
        with blank():
            assert train.main([*TINY, *RECORD, "--out", str(folder / "a_run")]) == 0
        draw_report(folder / "a_run")

    return make_once(tmp_path_factory, "run", make) / "a_run"


@pytest.fixture(scope="session")
def seeds_folder(tmp_path_factory):
    """A run with two seeds, with its report."""

    def make(folder):
        with blank():
            assert train.main([*TINY, "--seeds", "2", "--out", str(folder / "two_seeds")]) == 0
        draw_report(folder / "two_seeds")

    return make_once(tmp_path_factory, "seeds", make) / "two_seeds"


@pytest.fixture(scope="session")
def search(tmp_path_factory):
    """A Bayesian search, with its report."""
    return make_once(tmp_path_factory, "search", lambda folder: draw_sweep(folder, runs_of_trials.bayesian()))


@pytest.fixture(scope="session")
def ablated(tmp_path_factory):
    """A sweep over every combination of factors, with its report."""
    return make_once(tmp_path_factory, "ablated", lambda folder: draw_sweep(folder, runs_of_trials.ablation()))
