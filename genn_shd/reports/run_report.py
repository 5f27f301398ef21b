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
    """Build the report of a run folder, also of a run under way.

    Raises
    ------
    DataError
        It is no run folder.
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
    """Notes on files that could not be read."""
    return Section("Damaged files", [damage for training in of for damage in training.damages])


def _list_missing(missing: Mapping[str, str]) -> Section:
    """Notes on trainings that the figures of this page are without."""
    note = f"Figures are of what there is so far; {format_incomplete(missing)}."
    return Section("So far", [note] if missing else [])


def _build_or_explain(heading: str, make: Callable[[], Section]) -> Section:
    """Build a section, or one with the error: a damaged file does not hide the others."""
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
    """Accuracies of a linear classifier on the same samples, means over the trainings that have one."""
    found = [baseline for training in of if (baseline := training.summary.get("baseline"))]
    return [
        (f"{part} accuracy, linear classifier", make_metric_cell("accuracy", fmean(b[part] for b in found)).text)
        for part in _PARTS
        if found and all(part in baseline for baseline in found)
    ]


def _list_cost_facts(of: Sequence[Training]) -> list[tuple[str, str]]:
    """Costs of a sample, means over trainings."""
    return [
        (f"cost of a {part} sample", str(Operations.pool(found, [1] * len(found))))
        for part in _PARTS
        if (found := [training.operations[part] for training in of if part in training.operations])
    ]


def _build_trainings(of: Sequence[Training]) -> Section:
    """Table of trainings: status, and figures at the best and the last epoch."""
    metrics = [(e, f"{part}_accuracy") for e in ("best", "last") for part in _PARTS]
    metrics = [(e, m) for e, m in metrics if any(training.best.get(m) is not None for training in of)]
    heads = [f"{m.replace('_', ' ')}, {e} epoch" for e, m in metrics]
    columns = ["training", "status", "epochs", "best epoch", *heads, "spikes per neuron", "silent neurons", "seconds"]
    rows = [
        [make_cell(t.label), make_cell(t.status), make_cell(len(t.history)), *_list_figures(t, metrics)] for t in of
    ]
    return Section("Result", [note for t in of if (note := _silence(t))], tables=[Table(columns, rows, "trainings")])


def _silence(training: Training) -> str:
    """Warnings of layers without spikes, which accuracies do not show."""
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
        return Section("Curves", ["No epoch has ended yet, or what it came to cannot be read."])
    if len(of) == 1:
        caption = "Loss, accuracy, learning rate and activity over epochs."
        return Section("Curves", drawings=[Drawing("curves", caption, plots.draw_training_curves(histories[0], name))])
    caption = f"{len(of)} trainings, a thin line each, and their means in bold."
    return Section("Curves", drawings=[Drawing("curves", caption, run_figures.draw_curves(histories, name))])


def _build_confusion(of: Sequence[Training], name: str) -> Section:
    found = runs.sum_confusions(of)
    if not found:
        return Section("Confusion", [f"Not evaluated yet: python -m genn_shd.evaluate {of[0].folder.path} does it."])
    drawings = []
    for part, (matrix, class_names) in found.items():
        evaluated = sum(part in training.confusions for training in of)
        together = f", {evaluated} of {len(of)} trainings taken together" if len(of) > 1 else ""
        right = f"{100 * matrix.trace() / matrix.sum():.1f} % of {matrix.sum()} right"
        figure = plots.draw_confusion(matrix, class_names, f"{name}, {part}: {right}")
        drawings.append(Drawing(f"confusion_{part}", f"What {part} samples are taken for{together}; {right}.", figure))
    return Section("Confusion", drawings=drawings)


def _list_recordings(of: Sequence[Training]) -> list[tuple[str, str, Any]]:
    """(label, name of the figure, recording) of every recording."""
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
    return Section(heading, [f"No recordings: python -m genn_shd.record {of[0].folder.path} makes one."])


def _build_rasters(of: Sequence[Training]) -> Section:
    """Figures of the latest recordings."""
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
    caption = "Firing rates over the neurons, mean over the recorded samples; the heading tells of the last recording."
    return Section("Firing rates", drawings=[Drawing("rates", caption, run_figures.draw_rates(rates, name))])


def _build_weights(of: Sequence[Training], name: str) -> Section:
    found = {training.label: parameters for training in of if (parameters := training.read_weights())}
    if not found:
        return Section("Weights", ["There is no checkpoint of a best epoch."])
    caption = "Trained parameters after the best epoch, with their mean and standard deviation."
    return Section("Weights", drawings=[Drawing("weights", caption, run_figures.draw_weights(found, name))])


def _build_history(of: Sequence[Training]) -> Section:
    """Table of all epochs; of several trainings they are in their own folders."""
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
    """Table of the first training's environment; that of the others is in their `environment.json`."""
    found = of[0].environment
    notes = [f"Of {of[0].label}; each training has its own environment.json."] if len(of) > 1 and found else []
    tables = [make_table(found, "environment", ("what", "value"))] if found else []
    return Section("Environment", notes, tables=tables, folded=True)
