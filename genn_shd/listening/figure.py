"""Figure of the classification of a sound: spikes of input and network, outputs, and probabilities over time."""

from __future__ import annotations

import numpy as np

from ..backends.results import Recording
from ..plots.agg import Axes, Figure
from ..plots.training import FAINT, INK, apply_style, entitle, name_lines
from .listener import Evidence

_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7")  # Okabe & Ito


def draw_listening(recording: Recording, evidence: Evidence, class_names: tuple[str, ...], title: str) -> Figure:
    """Draw a raster for every spiking population, traces of the outputs, and probabilities of words over time.

    The words that were most probable at some time have colours; all others are grey.
    """
    rasters = list(recording.spikes)
    traces = {name: trace[0] for (name, variable), trace in recording.traces.items() if variable == "V"}
    with apply_style():
        figure = Figure(figsize=(8.5, 2.2 + 1.9 * (len(rasters) + len(traces))), layout="constrained")
        entitle(figure, title)
        axes = figure.subplots(len(rasters) + len(traces) + 1, 1, sharex=True)
        coloured = _choose_words(evidence)
        rows = iter(axes)
        for name in rasters:
            _draw_raster(next(rows), *recording.spikes[name][0], recording.spikes[name].num_units, name)
        for name, trace in traces.items():
            _draw_lines(next(rows), recording.dt * (1 + np.arange(len(trace))), trace, coloured, f"{name}\nV")
        last = next(rows)
        _draw_lines(last, evidence.times, evidence.probabilities, coloured, "probability")
        last.set(xlabel="time (ms)", xlim=(0.0, evidence.times[-1]), ylim=(0.0, 1.02))
        name_lines(
            last, [last.lines[c] for c in coloured], [class_names[c] for c in coloured], loc="upper right", ncols=2
        )
    return figure


def _choose_words(evidence: Evidence) -> list[int]:
    """Choose the words that get a colour, the word of the whole sound first."""
    order = np.argsort(-evidence.probabilities.max(axis=0), kind="stable").tolist()
    return [evidence.word, *(c for c in order if c != evidence.word)][: len(_COLOURS)]


def _draw_raster(axes: Axes, times: np.ndarray, units: np.ndarray, num_units: int, name: str) -> None:
    axes.scatter(times, units, s=1.0 if len(times) > 2000 else 3.0, color=INK, linewidths=0, rasterized=True)
    axes.set(ylabel=name, ylim=(num_units - 0.5, -0.5) if name == "input" else (-0.5, num_units - 0.5))


def _draw_lines(axes: Axes, times: np.ndarray, values: np.ndarray, coloured: list[int], label: str) -> None:
    for c in range(values.shape[1]):
        colour = _COLOURS[coloured.index(c)] if c in coloured else FAINT
        axes.plot(
            times, values[:, c], color=colour, linewidth=1.6 if c in coloured else 0.6, zorder=2 + (c in coloured)
        )
    axes.set_ylabel(label)
