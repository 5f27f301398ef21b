"""The status of a sweep as text, read from its state, also while it runs."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from statistics import fmean, stdev

from ..system.display import show_name
from .reading import SweepReader
from .records import RUNNING, Run, Trial, sum_times
from .space import format_label
from .sweep_file import PublishedSettings

_SHOWN = 10
_CELL_WIDTH = 120


def format_status(reader: SweepReader) -> str:
    """Format counts, active runs, the best trials, and published values beside measured ones."""
    trials, file = reader.read_trials(), reader.file
    parts = [f"{show_name(file.title)}\n{_format_progress(reader, trials)}"]
    if under_way := [_list_under_way(run, reader) for trial in trials for run in trial.runs if run.status == RUNNING]:
        parts.append("\n".join(["active", *under_way]))
    if best := _format_best(reader, trials):
        parts.append(best)
    if file.published:
        parts.append(list_published(reader))
    return "\n\n".join(parts)


def _format_progress(reader: SweepReader, trials: Sequence[Trial]) -> str:
    by_status = Counter(trial.status for trial in trials)
    of = f" of {reader.file.budget.trials}" if reader.file.budget.trials else ""
    if reader.space.is_exhausted({format_label(trial.point) for trial in trials}):
        of += ", all points of the space"
    named = ", ".join(f"{count} {status}" for status, count in by_status.items()) or "none yet"
    c = reader.count_runs()
    seconds, compiling = sum_times([run for trial in trials for run in trial.runs])
    share = f" ({100 * compiling / seconds:.1f} %)" if seconds else ""
    return (
        f"trials: {len(trials)}{of}: {named}\n"
        f"runs: {c.finished} finished, {c.open} open, {c.skipped} skipped; {c.started} started, {c.lost} lost, "
        f"{c.interrupted} interrupted, {c.retried} retried, {c.duplicated} duplicated\n"
        f"time: {_format_duration(reader.read_seconds())} running; {_format_duration(seconds)} in runs, "
        f"{compiling:.1f} s of it compiling{share}"
    )


def _list_under_way(run: Run, reader: SweepReader) -> str:
    history, attempt = reader.read_history(run.id), run.attempts[-1]
    epochs = run.settings.get("training", {}).get("epochs", "?")
    value = reader.objective.evaluate_row(history[-1]) if history else None
    reached = f", {reader.objective.metric} {value:.4g}" if value is not None else ""
    where = f"trial {run.trial}, {show_name(run.folder.rpartition('/')[2])}"
    return (
        f"  {where}: epoch {len(history)} of {epochs}{reached}, {_format_duration(time.time() - attempt.started)} on "
        f"{attempt.worker or 'no worker yet'}"
    )


def _format_best(reader: SweepReader, trials: Sequence[Trial]) -> str:
    objective = reader.objective
    valued = [trial for trial in trials if trial.objective is not None and trial.status != RUNNING]
    valued.sort(key=lambda t: (not objective.is_within_limits(t.limited), -objective.sign * (t.objective or 0)))
    if not valued:
        return ""
    names = [parameter.name for parameter in reader.space]
    rows = [["trial", "status", objective.metric, *objective.at_most, *names]]
    for trial in valued[:_SHOWN]:
        limited = [_format_number(trial.limited.get(name)) for name in objective.at_most]
        values = [_format_cell(trial.point[name]) if name in trial.point else "" for name in names]
        rows.append([str(trial.number), trial.status, _format_number(trial.objective), *limited, *values])
    return f"best of {len(valued)}\n{_format_columns(rows)}"


def list_published(reader: SweepReader) -> str:
    """Format published values, each beside that of the best trial: mean and standard deviation over its runs."""
    best = reader.find_best()
    runs = reader.read_trial(best.number).runs if best else []
    rows = [["", "published", "here", "source"]]
    for figure in reader.file.published:
        spread = f" ± {figure.spread:g}" if figure.spread is not None else ""
        rows.append([figure.what, f"{figure.value:g}{spread}", list_measured(figure, runs), figure.source])
    return f"published values\n{_format_columns(rows)}"


def list_measured(figure: PublishedSettings, runs: Sequence[Run]) -> str:
    """Format the measured counterpart of a published value: mean and standard deviation, or `not run`."""
    if figure.metric is None or figure.dataset not in {run.settings["dataset"]["name"] for run in runs}:
        return "not run"
    values = [v for run in runs if (v := run.get_metric(figure.metric, figure.epoch)) is not None and math.isfinite(v)]
    if not values:
        return "not run"
    spread = f" ± {stdev(values):.4g}" if len(values) > 1 else ""
    return f"{fmean(values):.4g}{spread} ({len(values)} run{'s' if len(values) > 1 else ''})"


def _format_columns(rows: Sequence[Sequence[str]]) -> str:
    rows = [[show_name(cell, _CELL_WIDTH) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _format_number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _format_cell(value: object) -> str:
    return value if isinstance(value, str) else f"{value:.4g}" if isinstance(value, float) else format_label(value)


def _format_duration(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    return f"{seconds:.0f} s" if seconds < 120 else f"{minutes:.0f} min" if minutes < 120 else f"{hours:.1f} h"
