"""Figure of a recording: rasters of spikes and traces of variables, one column for each sample."""

from __future__ import annotations

import numpy as np

from ..plots.agg import Axes, Figure
from ..plots.training import COLOURS, FAINT, INK, apply_style, entitle
from ..spikes.spike_trains import SpikeTrains
from .file import Recorded

_MOST_SAMPLES = 4
_MOST_NEURONS = 3  # traces in one plot
_MOST_OUTPUTS = 40
_NEURON_COLOURS = ("#0072B2", "#D55E00", "#009E73")


def draw_recording(recorded: Recorded, title: str) -> Figure:
    """Draw rasters of all recorded populations, then traces: of all outputs, and of a few hidden neurons.

    The hidden neurons are those with the most spikes. Outputs are grey, except that of the label. A neuron has the same
    colour in all plots of its population.
    """
    samples = min(_MOST_SAMPLES, len(recorded.labels))
    rows = len(recorded.spikes) + len(recorded.traces)
    with apply_style():
        figure = Figure(figsize=(1.2 + 4.2 * samples, 0.9 + 1.9 * max(1, rows)), layout="constrained")
        entitle(figure, title)
        grid = figure.subplots(max(1, rows), samples, squeeze=False, sharex=True, sharey="row")
        for b in range(samples):
            verdict = f"class {recorded.labels[b]}, predicted {recorded.predictions[b]}"
            grid[0, b].set_title(f"sample {b}: {verdict}", loc="left", fontsize=11)
            _draw_sample(grid[:, b], recorded, b)
            grid[-1, b].set(xlabel="time (ms)", xlim=(0.0, recorded.duration))
        for row, name in enumerate([*recorded.spikes, *(f"{v}\n{p}" for p, v in recorded.traces)]):
            grid[row, 0].set_ylabel(name)
    return figure


def _draw_sample(column: np.ndarray, recorded: Recorded, sample: int) -> None:
    axes = iter(column)
    for trains in recorded.spikes.values():
        _draw_raster(next(axes), trains, sample)
    for (population, variable), trace in recorded.traces.items():
        here = next(axes)
        times = recorded.dt * (np.arange(trace.shape[1]) + (not variable.startswith("lambda_")))
        if population == "output" and trace.shape[2] <= _MOST_OUTPUTS:
            _draw_outputs(here, times, trace[sample], int(recorded.labels[sample]))
        else:
            _draw_neurons(here, times, trace[sample], _find_busiest(recorded, population, sample, trace))


def _draw_raster(axes: Axes, trains: SpikeTrains, sample: int) -> None:
    times, units = trains[sample]
    size = 1.0 if len(times) > 2000 else 3.0
    axes.scatter(times, units, s=size, color=INK, linewidths=0, rasterized=True)
    axes.set_ylim(-0.5, trains.num_units - 0.5)


def _draw_outputs(axes: Axes, times: np.ndarray, trace: np.ndarray, label: int) -> None:
    axes.plot(times, trace, color=FAINT, linewidth=0.7)
    axes.plot(times, trace[:, label], color=COLOURS["validation"], linewidth=1.6)


def _draw_neurons(axes: Axes, times: np.ndarray, trace: np.ndarray, neurons: np.ndarray) -> None:
    for neuron, colour in zip(neurons, _NEURON_COLOURS, strict=False):
        axes.plot(times, trace[:, neuron], color=colour, linewidth=0.9, label=f"neuron {neuron}")
    axes.legend(loc="upper right", fontsize=7, frameon=False, ncols=2)


def _find_busiest(recorded: Recorded, population: str, sample: int, trace: np.ndarray) -> np.ndarray:
    """Find the neurons with the most spikes in a sample, or the first neurons if spikes were not recorded."""
    trains = recorded.spikes.get(population)
    if trains is None:
        return np.arange(min(_MOST_NEURONS, trace.shape[2]))
    counts = np.bincount(trains[sample][1], minlength=trace.shape[2])
    return np.sort(np.argsort(-counts, kind="stable")[:_MOST_NEURONS])
