"""Classes, speakers and files whose names are no plain words, from data to report, on any terminal."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from genn_shd import SpikeTrains, evaluate, record, report, train, write_spike_file
from tests.reports.pages import Reading

pytestmark = pytest.mark.slow

CLASSES = ["$x$", r"\frac{1}{0}", "_é\n中", "\x1b[31mred", "x" * 100_000, "\udcff"]
SPEAKERS = ["$_\x07$", "y" * 100_000 + "\n"]
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@pytest.fixture(scope="module", autouse=True)
def blank_figures():
    """None is: awkward names stand in figures."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Folder of a run of one epoch; the name of the run is awkward too."""
    folder = tmp_path_factory.mktemp("names")
    rng = np.random.default_rng(0)
    labels, speakers = np.arange(24) % len(CLASSES), np.arange(24) // 12
    events = [(np.sort(rng.uniform(0, 50, 20)), rng.integers(0, 30, 20)) for _ in labels]
    trains = SpikeTrains.from_events(events, labels, speakers, num_units=30)
    write_spike_file(folder / "data.h5", trains, CLASSES, SPEAKERS)
    settings = {
        "dataset.name": "hdf5",
        "dataset.path": str(folder / "data.h5"),
        "dataset.num_units": 30,
        "network.num_hidden": 8,
        "simulation.num_threads": 1,
        "training.epochs": 1,
    }
    arguments = [word for name, value in settings.items() for word in ("--set", f"{name}={json.dumps(value)}")]
    path = folder / "$\\frac_\x1b[2J 中"
    assert train.main([*arguments, "--out", str(path)]) == 0
    return path


def test_a_run_with_awkward_names_trains_evaluates_and_draws(run, capsys):
    assert evaluate.main([str(run)]) == 0
    assert record.main([str(run), "--samples", "0", "1"]) == 0
    out, err = capsys.readouterr()
    assert not CONTROL.search(out + err)
    assert {r"\frac{1}{0}", r"_é\n中", r"\udcff", r"$_\x07$"} <= {line.split()[0] for line in out.splitlines() if line}
    assert max(map(len, out.splitlines())) < 300
    assert {"confusion_train.png", "training_curves.png"} <= {p.name for p in (run / "plots").iterdir()}


def test_files_keep_names_as_they_are(run):
    by_class = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))["parts"]["train"]["by_class"]
    assert set(by_class) == set(CLASSES)


def test_a_page_shows_awkward_names_escaped_and_shortened(run):
    assert report.main([str(run)]) == 0
    page = Reading(run / "report" / "report.html")
    assert not CONTROL.search(page.text)
    assert r"Run $\frac_\x1b[2J 中" in page.text
    assert len((run / "report" / "report.html").read_bytes()) < 2**21


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=str,
)
def test_a_terminal_that_lacks_a_letter_loses_no_work(run, variables):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONIOENCODING", "PYTHONUTF8")} | variables
    command = [sys.executable, "-m", "genn_shd.evaluate", str(run)]
    ended = subprocess.run(command, env=environment, capture_output=True)
    assert ended.returncode == 0, ended.stderr
    assert rb"\n\u4e2d" in ended.stdout
