"""Figure of trained delays: before training, after training, and their changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .agg import Axes, Figure, MaxNLocator
from .training import FAINT, INK, SINGLE, apply_style, entitle

_BINS = 40


def draw_delay_histograms(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], title: str) -> Figure:
    """Draw histograms of delays before and after training, and of their changes, one row for each connection.

    Parameters
    ----------
    before, after : delays, ms, by name, such as `input_hidden.delay`; at least one.
    title : names the run.
    """
    with apply_style():
        figure = Figure(figsize=(10, 0.6 + 2.9 * len(before)), layout="constrained")
        entitle(figure, title)
        rows: Any = figure.subplots(len(before), 2, squeeze=False)
        for (name, start), (delays, movement) in zip(before.items(), rows, strict=True):
            _draw_delays(delays, start, after[name], name)
            _draw_movement(movement, after[name] - start)
            for axes in (delays, movement):
                axes.xaxis.set_major_locator(MaxNLocator(5))
    return figure


def _draw_delays(axes: Axes, before: np.ndarray, after: np.ndarray, name: str) -> None:
    edges = _compute_edges(np.concatenate([before.ravel(), after.ravel()]))
    axes.hist(before.ravel(), edges, histtype="step", color=FAINT, linewidth=1.4, label="before training")
    axes.hist(after.ravel(), edges, color=SINGLE, alpha=0.8, label="after")
    axes.set_xlabel(f"{name} (ms)")
    axes.set_ylabel("delays")
    axes.legend(frameon=False)


def _draw_movement(axes: Axes, moved: np.ndarray) -> None:
    axes.hist(moved.ravel(), _compute_edges(moved.ravel()), color=SINGLE, alpha=0.8)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.set_xlabel(f"change (ms); mean of the absolute value {np.abs(moved).mean():.2g} ms")


def _compute_edges(values: np.ndarray) -> list[float]:
    """Compute the edges of bins over all values; their width is above 0 even if all values are equal."""
    low, high = float(values.min()), float(values.max())
    first, last = (low, high) if high > low else (low - 0.5, high + 0.5)
    return np.linspace(first, last, _BINS + 1).tolist()
