"""Figures of a run: curves of several trainings, weights, firing rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..plots.agg import Axes, Figure, MaxNLocator, PercentFormatter
from ..plots.training import CLASS_WIDTH, COLOURS, FAINT, INK, SINGLE, apply_style, entitle, from_zero, name_lines
from ..recording.file import Recorded
from ..runs.results import Row
from ..system.display import show_name

_FEWEST_BINS, _MOST_BINS = 10, 60
_COLUMNS = 3
_MANY = 6  # most lines in a legend
_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_CURVES = (
    ("loss", "loss"),
    ("accuracy", "accuracy"),
    ("spikes_per_neuron", "spikes per hidden\nneuron and trial"),
    ("silent_neurons", "silent hidden neurons"),
)


def draw_curves(histories: Sequence[Sequence[Row]], title: str) -> Figure:
    """Draw loss, accuracy and activity of several trainings, each as a thin line, and their means.

    Parameters
    ----------
    histories : rows of `history.csv` of each training; they may have different lengths, or be empty.
    title : title of the figure.
    """
    with apply_style():
        figure = Figure(figsize=(10, 7), layout="constrained")
        entitle(figure, title)
        for axes, (column, label) in zip(figure.subplots(2, 2).flat, _CURVES, strict=True):
            if column in ("loss", "accuracy"):
                for part, colour in COLOURS.items():
                    _draw_several(axes, histories, f"{part}_{column}", colour, part)
            else:
                _draw_several(axes, histories, column, INK, None)
            axes.set(xlabel="epoch", ylabel=label)
            from_zero(axes)
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.grid(alpha=0.25, linewidth=0.7)
            if column == "silent_neurons":
                axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
            if column == "accuracy":
                axes.set_ylim(0, 1.03)
                axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
                axes.legend(frameon=False)
    return figure


def _draw_several(axes: Axes, histories: Sequence[Sequence[Row]], column: str, colour: str, label: str | None) -> None:
    """Draw one column of every training over epochs, and the mean of the trainings that reached each epoch."""
    by_epoch: dict[int, list[float]] = {}
    for history in histories:
        points = [(row["epoch"], row[column]) for row in history if row.get(column) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=0.7, alpha=0.4)
        for epoch, value in points:
            by_epoch.setdefault(epoch, []).append(value)
    if by_epoch:
        epochs = sorted(by_epoch)
        axes.plot(epochs, [np.mean(by_epoch[e]) for e in epochs], color=colour, linewidth=2.0, label=label)


def draw_weights(of: Mapping[str, Mapping[str, np.ndarray]], title: str) -> Figure:
    """Draw histograms of trained parameters, one panel for each.

    Parameters
    ----------
    of : label of a training -> parameter -> values; one training is drawn filled, several as lines.
    title : names the run.
    """
    names = list(dict.fromkeys(name for parameters in of.values() for name in parameters))
    with apply_style():
        figure, panels = _make_panels(len(names), title)
        drawn: list[dict[str, Any]] = []
        for axes, name in zip(panels, names, strict=True):
            values = {label: parameters[name].ravel() for label, parameters in of.items() if name in parameters}
            drawn.append(_draw_histograms(axes, values))
            together = np.concatenate(list(values.values()))
            heading = f"{show_name(name, CLASS_WIDTH)}: {together.mean():.3g} ± {together.std():.3g}"
            axes.set_title(heading, loc="left", fontsize=10)
            axes.set(xlabel="value", ylabel="number")
        _draw_legend(panels[0], drawn[0])
    return figure


def compute_rates(recorded: Recorded) -> dict[str, np.ndarray]:
    """Compute firing rates in a recording, averaged over its samples: population -> (N,), Hz."""
    seconds = 1e-3 * recorded.duration * len(recorded.labels)
    return {
        population: np.bincount(trains.units, minlength=trains.num_units) / seconds
        for population, trains in recorded.spikes.items()
    }


def draw_rates(of: Mapping[str, Mapping[str, np.ndarray]], title: str) -> Figure:
    """Draw histograms of firing rates over the neurons of each population.

    Parameters
    ----------
    of : name of a recording -> population -> (N,) Hz, from `compute_rates`.
    title : names the run.
    """
    names = list(dict.fromkeys(name for populations in of.values() for name in populations))
    with apply_style():
        figure, panels = _make_panels(len(names), title)
        drawn: list[dict[str, Any]] = []
        for axes, name in zip(panels, names, strict=True):
            values = {label: populations[name] for label, populations in of.items() if name in populations}
            drawn.append(_draw_histograms(axes, values))
            latest = list(values.values())[-1]
            silent = int((latest == 0).sum())
            heading = f"{show_name(name, CLASS_WIDTH)}: {latest.mean():.3g} Hz, {silent} of {len(latest)} silent"
            axes.set_title(heading, loc="left", fontsize=10)
            axes.set(xlabel="firing rate (Hz)", ylabel="neurons")
        _draw_legend(panels[0], drawn[0])
    return figure


def _make_panels(number: int, title: str) -> tuple[Figure, list[Axes]]:
    """Make a figure with a number of empty panels."""
    columns = min(_COLUMNS, number)
    rows = math.ceil(number / columns)
    figure = Figure(figsize=(1.0 + 3.6 * columns, 0.7 + 2.7 * rows), layout="constrained")
    entitle(figure, title)
    grid: list[Any] = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid[number:]:
        axes.remove()
    return figure, grid[:number]


def _draw_histograms(axes: Axes, values: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Draw one histogram filled, several as lines over the same bins, and many as grey lines."""
    # In float32, values that differ only by rounding would leave no space for bin edges between them.
    together = np.concatenate(list(values.values())).astype(np.float64)
    bins = int(np.clip(2 * np.sqrt(len(together) / len(values)), _FEWEST_BINS, _MOST_BINS))
    edges = np.histogram_bin_edges(together, bins)
    if len(values) == 1:
        axes.hist(next(iter(values.values())), edges.tolist(), color=SINGLE, edgecolor=INK, linewidth=0.3)
        return {}
    colours = _LINES if len(values) <= _MANY else [FAINT] * len(values)
    return {
        label: axes.stairs(np.histogram(these, edges)[0], edges, color=colour, linewidth=1.1)
        for (label, these), colour in zip(values.items(), colours, strict=False)
    }


def _draw_legend(axes: Axes, drawn: Mapping[str, Any]) -> None:
    if 1 < len(drawn) <= _MANY:
        name_lines(axes, list(drawn.values()), list(drawn), fontsize=8)
