"""Times of every epoch: the table, and what the command leaves of them."""

from __future__ import annotations

import csv
import json
import logging
from types import SimpleNamespace

import pytest

from genn_shd import train
from genn_shd.training.callbacks.epoch_timings import EpochTimings


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _begin(trainer):
    timings = EpochTimings()
    timings.on_train_begin(trainer)
    return timings


def test_each_epoch_has_its_own_seconds_and_a_resumed_run_goes_on_in_the_table(tmp_path, caplog):
    path, model = tmp_path / "timings.csv", SimpleNamespace(timings={})
    trainer = SimpleNamespace(model=model, folder=SimpleNamespace(timings_file=path))
    with caplog.at_level(logging.INFO, "genn_shd"):
        timings = _begin(trainer)
        for epoch, sums in enumerate([(1.0, 2.0), (1.5, 5.0), (4.5, 6.0)], start=1):
            model.timings = dict(zip(("forward", "synapse"), sums, strict=True))
            timings.on_epoch_end(trainer, SimpleNamespace(epoch=epoch))
    assert "seconds on forward 0.500, synapse 3.000" in caplog.text
    expected = [("1", "1.0", "2.0"), ("2", "0.5", "3.0"), ("3", "3.0", "1.0")]
    assert [tuple(row.values()) for row in _rows(path)] == expected
    # Stopped in epoch 3 and gone on: that epoch is made anew, those before stay.
    model.timings = {"forward": 7.0, "synapse": 8.0}
    _begin(trainer).on_epoch_end(trainer, SimpleNamespace(epoch=3))
    assert [tuple(row.values()) for row in _rows(path)] == [*expected[:2], ("3", "7.0", "8.0")]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["native", "genn_cpu"])
def test_the_command_writes_them_where_asked_to(backend, tmp_path):
    if backend != "native":
        pytest.importorskip("pygenn", reason="PyGeNN is not installed")
    settings = ("training.epochs=2", "dataset.num_train=60", "dataset.num_test=20", "network.num_hidden=10")
    arguments = ["--preset", "yin_yang", *(word for setting in settings for word in ("--set", setting))]
    folder = tmp_path / "run"
    assert train.main([*arguments, "--backend", backend, "--profile", "--out", str(folder)]) == 0
    rows = _rows(folder / "timings.csv")
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for kind in ("forward", "backward", "synapse", "reduction", "optimiser"):
        assert all(float(row[kind]) >= 0 for row in rows)
    assert all(float(row["forward"]) > 0 for row in rows)
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    assert environment["model"]["backend"] == backend.partition("_")[0]
    # Going on without times is going on with the same run.
    assert train.main([*arguments, "--set", "training.epochs=3", "--backend", backend, "--out", str(folder)]) == 0
    assert len(_rows(folder / "timings.csv")) == 2
