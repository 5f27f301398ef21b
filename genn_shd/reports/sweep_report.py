"""The report of a sweep: trials, the best ones, and the importance of parameters."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from ..errors import BackendError
from ..plots.training import TITLE_WIDTH
from ..sweep.records import COMPLETE, Trial
from ..sweep.status import list_measured
from ..system.display import SENTENCE, show_name
from . import factors, response, sweep_figures
from .drawing import Drawing
from .page import Page, Section
from .table import Cell, Table, make_cell, make_metric_cell, make_table
from .trials import Trials, shorten_names

_BESIDE = ("training_accuracy", "validation_accuracy", "test_accuracy", "spikes_per_neuron", "seconds_per_epoch")


def build_report(folder: Path) -> Page:
    """Build the report of a sweep, also of one that is not complete.

    Raises
    ------
    DataError
        The folder has no sweep.
    """
    of = Trials.read(folder)
    sections = [
        _build_best(of),
        _build_published(of),
        _build_best_so_far(of),
        _build_ablation(of),
        _build_surrogate(of),
        _build_trials(of),
        _build_errors(of),
        _build_counts(of),
        Section("Sweep file", tables=[make_table(of.file.to_values(), "file")], folded=True),
    ]
    return Page(show_name(of.file.title, TITLE_WIDTH), _list_facts(of), [_name_missing_trials(of, s) for s in sections])


def _name_missing_trials(of: Trials, section: Section) -> Section:
    """Add a note about missing trials to the captions of a section."""
    drawings = [replace(d, caption=f"{d.caption} {of.missing}".rstrip()) for d in section.drawings]
    return replace(section, drawings=drawings)


def _list_facts(of: Trials) -> list[tuple[str, str]]:
    by_status = Counter(trial.status for trial in of.all)
    planned = f" of {of.file.budget.trials}" if of.file.budget.trials else ""
    named = ", ".join(f"{count} {status}" for status, count in by_status.items()) or "none yet"
    facts = [("trials", f"{len(of.all)}{planned}: {named}")]
    if of.best:
        value = make_metric_cell(of.objective.metric, of.best.objective, of.spread(of.best)).text
        facts.append((f"best {of.objective.metric.replace('_', ' ')}", f"{value} (trial {of.best.number})"))
    facts += [("data", show_name(of.dataset))] if of.dataset else []
    facts += [("strategy", of.file.strategy.name), ("running time", f"{of.seconds:.4g} s")]
    return [*facts, ("folder", show_name(of.name))]


def _build_best(of: Trials) -> Section:
    if of.best is None:
        return Section("Best trial", ["No trial is complete yet, or none is within the limits."])
    best, epoch = of.best, of.objective.epoch
    metrics = [
        m for m in (*_BESIDE, of.objective.metric) if any(run.get_metric(m, epoch) is not None for run in best.runs)
    ]
    metrics = list(dict.fromkeys(metrics))
    runs = [
        [make_cell(run.folder), *(make_metric_cell(m, run.get_metric(m, epoch)) for m in metrics)] for run in best.runs
    ]
    heads = ["run", *(m.replace("_", " ") for m in metrics)]
    tables = [make_table(best.point, "best", ("parameter", "value")), Table(heads, runs, "best-runs")]
    return Section(f"Best trial: {best.number}", tables=tables)


def _build_published(of: Trials) -> Section:
    """Make the table of published values beside those of the best trial, or `not run`."""
    runs = of.best.runs if of.best else []
    rows = []
    for figure in of.file.published:
        spread = f" ± {figure.spread:g}" if figure.spread is not None else ""
        published = Cell(f"{figure.value:g}{spread}", repr(figure.value))
        rows.append(
            [make_cell(figure.what), published, make_cell(list_measured(figure, runs)), make_cell(figure.source)]
        )
    tables = [Table(["what", "published", "here", "source"], rows, "published")] if rows else []
    return Section("Published values", tables=tables)


def _build_best_so_far(of: Trials) -> Section:
    if not of.complete:
        return Section("Best so far")
    caption = "Trials in the order in which they finished, and the best so far of those that are complete"
    caption += " and within the limits." if of.objective.at_most else "."
    return Section("Best so far", drawings=[Drawing("best_so_far", caption, sweep_figures.draw_best_so_far(of))])


def _build_ablation(of: Trials) -> Section:
    levels, alone = factors.list_factors(of), factors.find_ablation(of)
    drawings = []
    if alone:
        caption = (
            "Trials that differ from the best one (orange, dashed) in only one factor, with the standard deviation "
            "over their runs. If a value of a factor activates other parameters, the best trial with it is shown. "
            "Axes may not start at 0."
        )
        drawings.append(Drawing("ablation", caption, sweep_figures.draw_ablation(alone, of)))
    if levels:
        caption = (
            "Mean over all complete trials at a level (their number in brackets), with the standard deviation "
            "over them; diamonds: the best trial of each, with that of its runs. Axes may not start at 0."
        )
        drawings.append(Drawing("factors", caption, sweep_figures.draw_factors(levels, of)))
    return Section("Factors", drawings=drawings)


def _build_surrogate(of: Trials) -> Section:
    heading = "Importance of parameters"
    if not response.can_fit(of):
        why = f"A surrogate needs at least {response.FEWEST} different finished trials, with different objectives."
        return Section(heading, [why])
    try:
        found = response.fit_response(of)
    except BackendError as error:
        return Section(heading, [str(error)])
    notes = [f"A Gaussian process, fitted to {found.known} trials; failed and diverged ones count as the worst."]
    if found.left_out:
        notes.append(
            f"{found.left_out} trials were left out, evenly by rank of their objectives, to limit the time of the fit."
        )
    importance = (
        "Fraction of the variance of the surrogate's mean that remains when all other parameters are known "
        "(total-effect index); interactions count for each parameter in them."
    )
    slices = (
        "The surrogate along each parameter, with the others as in the best trial: mean, 1 and 2 standard deviations. "
        "Dots are trials; their other parameters may differ."
    )
    drawings = [
        Drawing("importance", importance, sweep_figures.draw_importance(found)),
        Drawing("slices", slices, sweep_figures.draw_slices(found, of)),
    ]
    rows = [[make_cell(name), make_cell(value)] for name, value in found.importance.items()]
    return Section(heading, notes, drawings, [Table(["parameter", "total-effect index"], rows, "importance")])


def _build_trials(of: Trials) -> Section:
    """Make the table of all trials."""
    beside = [
        m for m in _BESIDE if m != of.objective.metric and any(of.average_metric(t, m) is not None for t in of.all)
    ]
    shown = [*of.objective.at_most, *(m for m in beside if m not in of.objective.at_most)]
    parameters = [p.name for p in of.space]
    columns = ["trial", "status", of.objective.metric.replace("_", " "), *(m.replace("_", " ") for m in shown)]
    columns += [*shorten_names(parameters).values(), "chosen by", "runs"]
    rows = [_make_row(of, trial, shown, parameters) for trial in of.all]
    return Section("Trials", tables=[Table(columns, rows, "trials")])


def _make_row(of: Trials, trial: Trial, metrics: list[str], parameters: list[str]) -> list[Cell]:
    complete = sum(run.status == COMPLETE for run in trial.runs)
    return [
        make_cell(trial.number),
        make_cell(trial.status),
        make_metric_cell(of.objective.metric, trial.objective, of.spread(trial)),
        *(make_metric_cell(m, of.average_metric(trial, m)) for m in metrics),
        *(make_cell(trial.point.get(name)) for name in parameters),
        make_cell(trial.origin),
        Cell(f"{complete} of {len(trial.runs)}", repr(complete)),
    ]


def _build_errors(of: Trials) -> Section:
    """Make the tables of errors: one row for each run, and trials that were refused before a run."""
    wrong = [(t.number, run.folder, run.status, run.error) for t in of.all for run in t.runs if run.error]
    wrong += [(t.number, "", t.status, t.error) for t in of.all if t.error and not t.runs]
    rows = [[*map(make_cell, row[:-1]), _make_error_cell(row[-1] or "")] for row in sorted(wrong)]
    tables = [Table(["trial", "run", "status", "error"], rows, "errors")] if rows else []
    return Section("Errors", tables=tables)


def _make_error_cell(error: str) -> Cell:
    """Make the cell of an error, which may be a traceback of many lines."""
    text = show_name(" ".join(error.split()), SENTENCE)
    return Cell(text, text)


def _build_counts(of: Trials) -> Section:
    table = make_table(vars(of.counts), "counts", ("runs", "number"))
    return Section("Runs", tables=[table], folded=True)
