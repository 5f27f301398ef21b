"""The report of a run: one training, or those of all seeds and folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from ..errors import DataError
from ..plots import training as plots
from ..recording import figure as plot_recording
from ..runs.evaluation_report import Operations
from ..runs.progress import format_incomplete
from ..system.display import show_name
from ..training.callbacks.silence_warning import SILENCE_REMEDY
from . import run_figures, runs
from .drawing import Drawing
from .page import Page, Section
from .runs import Training
from .table import Cell, Table, make_cell, make_metric_cell, make_table

_PARTS = ("training", "validation", "test")
_MOST_RASTERS = 6


def build_report(path: Path) -> Page:
    """Build the report of a run folder, also of a run that is not complete.

    Raises
    ------
    DataError
        The folder is not a run folder.
    """
    of, name = runs.list_trainings(path), runs.RunFolder(path).name
    missing = runs.find_missing(path)
    makers: list[tuple[str, Callable[[], Section]]] = [
        ("Result", lambda: _build_trainings(of)),
        ("Curves", lambda: _build_curves(of, name)),
        ("Confusion", lambda: _build_confusion(of, name)),
        ("Rasters", lambda: _build_rasters(of)),
        ("Firing rates", lambda: _build_rates(of, name)),
        ("Weights", lambda: _build_weights(of, name)),
    ]
    sections = [_build_or_explain(heading, make) for heading, make in makers]
    top = Training(runs.RunFolder(path), name)
    sections += [_build_history(of), _build_settings(top), _build_environment(of)]
    return Page(
        f"Run {show_name(name)}",
        _list_facts(of, format_incomplete(missing)),
        [_list_damages(of), _list_missing(missing), *sections],
    )


def _list_damages(of: Sequence[Training]) -> Section:
    """List files that could not be read."""
    return Section("Damaged files", [damage for training in of for damage in training.damages])


def _list_missing(missing: Mapping[str, str]) -> Section:
    """List trainings that are missing in the figures."""
    note = f"Figures show the results so far; {format_incomplete(missing)}."
    return Section("So far", [note] if missing else [])


def _build_or_explain(heading: str, make: Callable[[], Section]) -> Section:
    """Build a section, or one with an error message, so that a damaged file does not prevent the others."""
    try:
        return make()
    except DataError as error:
        return Section(heading, [str(error)])


def _list_facts(of: Sequence[Training], what_is_missing: str) -> list[tuple[str, str]]:
    statuses = [training.status for training in of]
    named = ", ".join(f"{statuses.count(s)} {s}" for s in dict.fromkeys(statuses)) if len(of) > 1 else statuses[0]
    facts = [("trainings" if len(of) > 1 else "status", named)]
    facts.append(("epochs", ", ".join(str(n) for n in sorted({len(training.history) for training in of}))))
    for part in _PARTS:
        values = [v for training in of if (v := training.best.get(f"{part}_accuracy")) is not None]
        if values:
            spread = stdev(values) if len(values) > 1 else None
            so_far = f" ({len(values)} trainings, {what_is_missing})" if what_is_missing and len(of) > 1 else ""
            text = make_metric_cell("accuracy", fmean(values), spread).text
            facts.append((f"{part} accuracy, best epoch", f"{text}{so_far}"))
    facts += _list_baseline_facts(of)
    facts += _list_cost_facts(of)
    facts.append(("time in epochs", f"{sum(training.seconds for training in of):.4g} s"))
    return facts


def _list_baseline_facts(of: Sequence[Training]) -> list[tuple[str, str]]:
    """List accuracies of the linear classifier, as means over the trainings that have one."""
    found = [baseline for training in of if (baseline := training.summary.get("baseline"))]
    return [
        (f"{part} accuracy, linear classifier", make_metric_cell("accuracy", fmean(b[part] for b in found)).text)
        for part in _PARTS
        if found and all(part in baseline for baseline in found)
    ]


def _list_cost_facts(of: Sequence[Training]) -> list[tuple[str, str]]:
    """List the operations per sample, as means over trainings."""
    return [
        (f"operations per {part} sample", str(Operations.pool(found, [1] * len(found))))
        for part in _PARTS
        if (found := [training.operations[part] for training in of if part in training.operations])
    ]


def _build_trainings(of: Sequence[Training]) -> Section:
    """Make the table of trainings: status, and metrics of the best and the last epoch."""
    metrics = [(e, f"{part}_accuracy") for e in ("best", "last") for part in _PARTS]
    metrics = [(e, m) for e, m in metrics if any(training.best.get(m) is not None for training in of)]
    heads = [f"{m.replace('_', ' ')}, {e} epoch" for e, m in metrics]
    columns = ["training", "status", "epochs", "best epoch", *heads, "spikes per neuron", "silent neurons", "seconds"]
    rows = [
        [make_cell(t.label), make_cell(t.status), make_cell(len(t.history)), *_list_figures(t, metrics)] for t in of
    ]
    return Section("Result", [note for t in of if (note := _silence(t))], tables=[Table(columns, rows, "trainings")])


def _silence(training: Training) -> str:
    """Write a warning about layers without spikes."""
    layers = training.summary.get("silent_layers")
    return (
        f"{training.label}: no neuron of {', '.join(layers)} spiked in the last epoch; {SILENCE_REMEDY}"
        if layers
        else ""
    )


def _list_figures(training: Training, metrics: Sequence[tuple[str, str]]) -> list[Cell]:
    best, last = training.best, training.history[-1] if training.history else {}
    return [
        make_cell(best.get("epoch")),
        *(make_metric_cell(m, {"best": best, "last": last}[e].get(m)) for e, m in metrics),
        *(make_cell(best.get(name)) for name in ("spikes_per_neuron", "silent_neurons")),
        make_cell(round(training.seconds, 3)),
    ]


def _build_curves(of: Sequence[Training], name: str) -> Section:
    histories = [training.history for training in of]
    if not any(histories):
        return Section("Curves", ["No epoch is complete yet, or the history cannot be read."])
    if len(of) == 1:
        caption = "Loss, accuracy, learning rate and activity over epochs."
        return Section("Curves", drawings=[Drawing("curves", caption, plots.draw_training_curves(histories[0], name))])
    caption = f"{len(of)} trainings as thin lines, and their means in bold."
    return Section("Curves", drawings=[Drawing("curves", caption, run_figures.draw_curves(histories, name))])


def _build_confusion(of: Sequence[Training], name: str) -> Section:
    found = runs.sum_confusions(of)
    if not found:
        return Section("Confusion", [f"Not evaluated yet; run python -m genn_shd.evaluate {of[0].folder.path}."])
    drawings = []
    for part, (matrix, class_names) in found.items():
        evaluated = sum(part in training.confusions for training in of)
        together = f", {evaluated} of {len(of)} trainings combined" if len(of) > 1 else ""
        right = f"{100 * matrix.trace() / matrix.sum():.1f} % of {matrix.sum()} correct"
        figure = plots.draw_confusion(matrix, class_names, f"{name}, {part}: {right}")
        drawings.append(Drawing(f"confusion_{part}", f"Predictions for {part} samples{together}; {right}.", figure))
    return Section("Confusion", drawings=drawings)


def _list_recordings(of: Sequence[Training]) -> list[tuple[str, str, Any]]:
    """List (label, name of the figure, recording) of every recording."""
    several = len(of) > 1
    return [
        (
            f"{t.label}, {stem}" if several else stem,
            f"{t.label.replace('/', '_')}_{stem}" if several else stem,
            recorded,
        )
        for t in of
        for stem, recorded in t.recordings
    ]


def _explain_no_recordings(heading: str, of: Sequence[Training]) -> Section:
    return Section(heading, [f"No recordings; make one with python -m genn_shd.record {of[0].folder.path}."])


def _build_rasters(of: Sequence[Training]) -> Section:
    """Build the section of figures of the latest recordings."""
    found = _list_recordings(of)
    if not found:
        return _explain_no_recordings("Rasters", of)
    left_out = len(found) - _MOST_RASTERS
    notes = (
        [f"The last {_MOST_RASTERS} of {len(found)} recordings; all are in plots/recordings/."] if left_out > 0 else []
    )
    drawings = [
        Drawing(f"raster_{name}", f"Spikes and traces, {label}.", plot_recording.draw_recording(recorded, label))
        for label, name, recorded in found[-_MOST_RASTERS:]
    ]
    return Section("Rasters", notes, drawings)


def _build_rates(of: Sequence[Training], name: str) -> Section:
    rates = {
        label: found for label, _, recorded in _list_recordings(of) if (found := run_figures.compute_rates(recorded))
    }
    if not rates:
        return _explain_no_recordings("Firing rates", of)
    caption = "Firing rates of neurons, averaged over the recorded samples; the heading is about the last recording."
    return Section("Firing rates", drawings=[Drawing("rates", caption, run_figures.draw_rates(rates, name))])


def _build_weights(of: Sequence[Training], name: str) -> Section:
    found = {training.label: parameters for training in of if (parameters := training.read_weights())}
    if not found:
        return Section("Weights", ["There is no checkpoint of a best epoch."])
    caption = "Trained parameters after the best epoch, with their mean and standard deviation."
    return Section("Weights", drawings=[Drawing("weights", caption, run_figures.draw_weights(found, name))])


def _build_history(of: Sequence[Training]) -> Section:
    """Make the table of all epochs; for several trainings, see their own folders."""
    if len(of) > 1 or not of[0].history:
        return Section("History")
    rows = of[0].history
    table = Table(
        [c.replace("_", " ") for c in rows[0]], [[make_cell(v) for v in row.values()] for row in rows], "history"
    )
    return Section("History", tables=[table], folded=True)


def _build_settings(top: Training) -> Section:
    return Section("Settings", tables=[make_table(runs.read_settings(top), "settings")], folded=True)


def _build_environment(of: Sequence[Training]) -> Section:
    """Make the table of the environment of the first training; those of others are in their `environment.json`."""
    found = of[0].environment
    notes = [f"Of {of[0].label}; each training has its own environment.json."] if len(of) > 1 and found else []
    tables = [make_table(found, "environment", ("what", "value"))] if found else []
    return Section("Environment", notes, tables=tables, folded=True)
