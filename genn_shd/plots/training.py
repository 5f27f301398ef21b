"""Figures of a run: training curves, confusion matrices, the weight of the loss.

Colours are those of Okabe & Ito (jfly.uni-koeln.de/color), which can be distinguished with colour blindness.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from .._moved import serve_old_names
from ..system import outputs
from ..system.display import show_name
from ..system.files import make_folder, write_whole
from .agg import Axes, Figure, FigureCanvasAgg, LogFormatter, MaxNLocator, PercentFormatter, matplotlib

__getattr__ = serve_old_names(
    __name__,
    {
        "confusion": "draw_confusion",
        "folds": "draw_folds",
        "loss_weight": "draw_loss_weight",
        "training_curves": "draw_training_curves",
    },
)

COLOURS = {"training": "#0072B2", "validation": "#D55E00", "test": "#009E73"}
INK = "#222222"
FAINT = "#888888"
SINGLE = "#56B4E9"

_FONT: Any = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "text.parse_math": False,  # names are text, also those with $ or a backslash
    "text.usetex": False,
}
TITLE_WIDTH = 90
CLASS_WIDTH = 24
_MOST_NUMBERED_CLASSES = 25
_MOST_LETTERS_IN_A_ROW = 40
_WIDE_RANGE = 10  # ratio of losses above which the axis is logarithmic


def save(figure: Figure, path: Path, mark: str = outputs.mark("train")) -> None:
    """Write a figure as PNG, with the mark of the command that draws it, see `genn_shd.system.outputs`."""
    make_folder(path.parent)
    write_whole(path, lambda file: render(figure, file, format="png", dpi=150, metadata={"Software": mark}))


def render(figure: Figure, file: IO[bytes], **options: Any) -> None:
    """Write a figure to a file; characters that the font lacks are drawn as boxes, without warnings."""
    FigureCanvasAgg(figure)
    with apply_style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(file, **options)


def draw_training_curves(history: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """Draw loss, accuracy, learning rate and activity over epochs.

    Parameters
    ----------
    history : rows of `history.csv`, at least one.
    title : names the run.
    """
    with apply_style():
        figure = Figure(figsize=(10, 6.6), layout="constrained")
        entitle(figure, title)
        rows: Any = figure.subfigures(2, 1, height_ratios=(1.6, 1))
        upper, lower = rows
        loss, accuracy = upper.subplots(1, 2)
        rate, spikes, silent = lower.subplots(1, 3)
        for name, colour in COLOURS.items():
            _draw(loss, history, f"{name}_loss", colour, name)
            _draw(accuracy, history, f"{name}_accuracy", colour, name)
        _draw(rate, history, "learning_rate", INK)
        _draw(spikes, history, "spikes_per_neuron", INK)
        _draw(silent, history, "silent_neurons", INK)
        loss.set_ylabel("loss")
        accuracy.set_ylabel("accuracy")
        accuracy.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        rate.set_ylabel("learning rate")
        set_logarithmic(rate, "y")
        spikes.set_ylabel("spikes per hidden\nneuron and trial")
        silent.set_ylabel("silent hidden neurons")
        silent.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        for axes in (loss, spikes, silent):
            from_zero(axes)
        if _find_highest(loss) > _WIDE_RANGE * _find_lowest(loss) > 0:
            set_logarithmic(loss, "y")
            loss.set_ylim(0.9 * _find_lowest(loss), 1.2 * _find_highest(loss))
        accuracy.set_ylim(0, 1.03)
        for axes in (loss, accuracy, rate, spikes, silent):
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.grid(alpha=0.25, linewidth=0.7)
        figure.legend(*loss.get_legend_handles_labels(), loc="upper right", ncols=3, frameon=False)
    return figure


def draw_confusion(matrix: np.ndarray, class_names: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix: per cent of the samples of each class by prediction, one row for each class.

    Parameters
    ----------
    matrix : (C, C) counts; rows are true classes, columns predicted ones.
    class_names : C names.
    title : names the run and the samples.
    """
    with apply_style():
        size = 3.2 + 0.42 * min(len(class_names), _MOST_NUMBERED_CLASSES)
        figure = Figure(figsize=(size + 1.0, size), layout="constrained")
        axes = figure.subplots()
        totals = matrix.sum(axis=1, keepdims=True)
        percent = 100.0 * matrix / np.maximum(totals, 1)
        image = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
        axes.set_title(show_name(title, TITLE_WIDTH), loc="left")
        axes.set(xlabel="predicted class", ylabel="true class (number of samples)")
        ticks = range(len(class_names))
        names = [show_name(name, CLASS_WIDTH) for name in class_names]
        _set_names(axes, names)
        axes.set_yticks(ticks, [f"{name} ({n})" for name, n in zip(names, totals[:, 0], strict=True)])
        axes.spines[:].set_visible(False)
        if len(class_names) <= _MOST_NUMBERED_CLASSES:
            _number_cells(axes, percent)
        bar = figure.colorbar(image, ax=axes, shrink=0.8, format=PercentFormatter(decimals=0, symbol=" %"))
        bar.set_label("fraction of the true class")
        bar.outline.set_visible(False)
    return figure


def draw_loss_weight(t: np.ndarray, weight: np.ndarray, title: str) -> Figure:
    """Draw the weight of a loss over the trial.

    Parameters
    ----------
    t : (N,) times, ms.
    weight : (N,) if all samples have the same weight, else (B, N) for B samples, whose mean is drawn as well.
    title : names the loss.
    """
    with apply_style():
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.set_title(show_name(title, TITLE_WIDTH), loc="left")
        if weight.ndim == 2:
            axes.plot(t, weight.T, color=SINGLE, linewidth=0.6, alpha=0.5)
            axes.plot([], [], color=SINGLE, label=f"each of {len(weight)} training samples")
        label = "their mean" if weight.ndim == 2 else None
        axes.plot(t, np.atleast_2d(weight).mean(axis=0), color=INK, linewidth=1.8, label=label)
        axes.axhline(0.0, color=FAINT, linewidth=0.8)
        axes.set(xlabel="time, ms", ylabel="weight w(t)", xlim=(0, t[-1] + t[0]))
        if label:
            axes.legend(frameon=False)
    return figure


def draw_folds(accuracies: Mapping[str, float], title: str, ylabel: str) -> Figure:
    """Draw a bar for each fold of a cross-validation, and their mean."""
    with apply_style():
        figure = Figure(figsize=(2.6 + 0.8 * len(accuracies), 4.2), layout="constrained")
        axes = figure.subplots()
        mean = float(np.mean(list(accuracies.values())))
        places = range(len(accuracies))
        bars = axes.bar(places, list(accuracies.values()), color=SINGLE, width=0.65)
        _set_names(axes, [show_name(name, CLASS_WIDTH) for name in accuracies])
        axes.bar_label(bars, [f"{100 * value:.1f} %" for value in accuracies.values()], label_type="center")
        axes.axhline(mean, color=INK, linewidth=1.2, linestyle="--")
        axes.text(
            1.01,
            mean,
            f"mean\n{100 * mean:.1f} %",
            transform=axes.get_yaxis_transform(),
            ha="left",
            va="center",
        )
        axes.set_title(show_name(title, TITLE_WIDTH), loc="left")
        axes.set(ylim=(0, 1.05), xlabel="speaker left out", ylabel=ylabel)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return figure


def apply_style() -> Any:
    """Set the style of all figures within a `with` block."""
    return matplotlib.rc_context(_FONT)


def entitle(figure: Figure, title: str) -> None:
    """Set the title of a whole figure."""
    figure.suptitle(show_name(title, TITLE_WIDTH), fontsize=14, x=0.01, ha="left")


def name_lines(axes: Axes, handles: Sequence[Any], names: Sequence[str], **style: Any) -> None:
    """Add a legend of names; Matplotlib itself would omit names that start with `_`."""
    legend = axes.legend(handles, ["-"] * len(handles), frameon=False, **style)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(show_name(name, CLASS_WIDTH))


class _PlainNumbers(LogFormatter):
    """Formats numbers at a logarithmic axis as plain text; Matplotlib chooses the ticks that have labels."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:g}" if super().__call__(x, pos) else ""


def set_logarithmic(axes: Axes, name: str) -> None:
    """Make an axis, `x` or `y`, logarithmic, with numbers that are plain text."""
    axes.set(**{f"{name}scale": "log"})
    axis = {"x": axes.xaxis, "y": axes.yaxis}[name]
    axis.set_major_formatter(_PlainNumbers())
    axis.set_minor_formatter(_PlainNumbers())


def _draw(axes: Axes, history: Sequence[Mapping[str, Any]], column: str, colour: str, label: str | None = None) -> None:
    """Draw one column over epochs, if it has values."""
    values = [row[column] for row in history]
    if values[0] is not None:
        marker = "o" if len(values) < 20 else None
        epochs = [row["epoch"] for row in history]
        axes.plot(epochs, values, color=colour, label=label, linewidth=1.8, marker=marker, markersize=4)


def _find_highest(axes: Axes) -> float:
    return max(_list_drawn(axes), default=0.0)


def _find_lowest(axes: Axes) -> float:
    return min(_list_drawn(axes), default=0.0)


def _list_drawn(axes: Axes) -> list[float]:
    """List all finite values that are drawn in a figure."""
    values = [np.asarray(line.get_ydata(), np.float64) for line in axes.lines]
    return [float(v) for array in values for v in array[np.isfinite(array)]]


def from_zero(axes: Axes) -> None:
    """Let the axis start at 0, unless values are negative."""
    if _find_lowest(axes) >= 0:
        axes.set_ylim(0, 1.06 * _find_highest(axes) or 1)


def _set_names(axes: Axes, names: Sequence[str]) -> None:
    """Write names at 0, 1, ... under an axis, slanted if they would overlap."""
    crowded = len(names) * max(map(len, names)) > _MOST_LETTERS_IN_A_ROW
    axes.set_xticks(range(len(names)), names, rotation=45 * crowded, ha="right" if crowded else "center")


def _number_cells(axes: Axes, percent: np.ndarray) -> None:
    for (row, column), value in np.ndenumerate(percent):
        if value >= 0.5:
            colour = "white" if value > 55 else INK
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=9)
