"""Trained delays are drawn as they were before and after training, also by a run that went on."""

import numpy as np
import pytest

from genn_shd import load_config, prepare_data, run_training
from genn_shd.plots import delays as plots

SETTINGS = [
    *("dataset.num_train=96", "dataset.num_validation=32", "dataset.num_test=32", "network.num_hidden=20"),
    *("network.delays.input_hidden={maximum=20.0, initial=5.0}", "report.baseline=none"),
]


def drawn(monkeypatch):
    calls = []

    def histograms(before, after, title):
        calls.append((before, after))
        return figure(before, after, title)

    figure = plots.draw_delay_histograms
    monkeypatch.setattr(plots, "draw_delay_histograms", histograms)
    return calls


@pytest.mark.slow
def test_delays_are_drawn_from_where_the_first_start_had_them(tmp_path, monkeypatch, drawn_figures):
    calls = drawn(monkeypatch)
    for epochs in (1, 2):
        run_training(
            *prepare_data(load_config("yin_yang", settings=[*SETTINGS, f"training.epochs={epochs}"])), tmp_path / "run"
        )
    (first, one), (second, two) = calls
    assert list(first) == ["input_hidden.delay"]
    assert (first["input_hidden.delay"] == 5.0).all() and (second["input_hidden.delay"] == 5.0).all()
    assert 0 < np.abs(one["input_hidden.delay"] - 5.0).max() < np.abs(two["input_hidden.delay"] - 5.0).max()
    assert (tmp_path / "run" / "plots" / "delays.png").stat().st_size > 10_000


def test_a_figure_has_a_row_for_each_connection_and_counts_every_delay():
    before = {"a.delay": np.zeros((3, 4)), "b.delay": np.array([1.0, 2.0])}
    after = {"a.delay": np.arange(12.0).reshape(3, 4), "b.delay": np.array([1.0, 2.0])}
    axes = plots.draw_delay_histograms(before, after, "run").axes
    assert len(axes) == 4
    assert sum(bar.get_height() for bar in axes[1].patches) == 12
    assert "5.5 ms" in axes[1].get_xlabel() and "0 ms" in axes[3].get_xlabel()
