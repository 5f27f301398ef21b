"""Every block of every tutorial runs, and comes to what its page says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from genn_shd.sweep import sweep_file
from tests.compiler_flags import VECTORS
from tests.docs.pages import printed, run_page

pytestmark = pytest.mark.usefixtures("own_folder")


def history(run: str) -> list[dict[str, str]]:
    """The rows of a run's epochs."""
    with Path(run, "history.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.cflags(VECTORS)
def test_first_training(capsys):
    run_page("tutorials/first_training.md", end="The same in Python")
    rows = history("runs/first")
    assert [int(row["epoch"]) for row in rows] == list(range(1, 7))
    assert float(rows[-1]["test_accuracy"]) > 0.9
    assert "runs/first, test" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.cflags(VECTORS)
def test_first_training_in_python():
    names = run_page("tutorials/first_training.md", start="The same in Python")
    assert names["accuracy"] > 0.86


@pytest.mark.slow
@pytest.mark.cflags(VECTORS)
def test_your_own_data(capsys):
    run_page("tutorials/your_own_data.md")
    said = capsys.readouterr().out
    assert "SpikeTrains(9 samples, 1080 spikes on 40 units, last at 89.49 ms)" in said
    assert "hidden      32       LIF" in said
    assert "cleo" in said  # accuracy by speaker
    assert float(history("runs/words")[-1]["test_accuracy"]) > 0.8
    assert 0.0 < float(history("runs/without_cleo")[-1]["validation_accuracy"]) <= 1.0


@pytest.mark.slow
def test_your_own_neuron_and_loss():
    names = run_page("tutorials/your_own_neuron_and_loss.md", end="In a settings file")
    assert names["worst"] < 1e-6
    assert names["worst_nonlinear"] < 1e-6
    assert len(names["trajectory"].spike_times) == 3
    assert names["losses"][-1] < 0.8 * names["losses"][0]


@pytest.mark.slow
def test_your_own_neuron_and_loss_in_a_settings_file(capsys):
    run_page("tutorials/your_own_neuron_and_loss.md", start="In a settings file")
    assert "dynamics are given for ['U']" in capsys.readouterr().out
    first, *_, last = history("runs/own")
    assert float(last["training_loss"]) < 0.7 * float(first["training_loss"])


@pytest.mark.slow
def test_a_sweep(capsys):
    names = run_page("tutorials/a_sweep.md")
    assert capsys.readouterr().out.count("best of 3") == 2
    assert names["best"].objective > 0.6
    assert sweep_file.read("search.toml", None, smoke=False).strategy.name == "bayesian"


@pytest.mark.slow
def test_reading_the_generated_code(capsys):
    run_page("tutorials/reading_the_generated_code.md")
    said = capsys.readouterr().out
    for shown in printed("tutorials/reading_the_generated_code.md"):
        assert shown in said
    assert list(Path("code").rglob("*.c"))
