"""Figures of a sweep: best so far, importance, slices of the surrogate, factors, ablation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..plots.agg import Axes, Figure, MaxNLocator, PercentFormatter
from ..plots.training import CLASS_WIDTH, COLOURS, FAINT, INK, SINGLE, apply_style, set_logarithmic
from ..sweep.records import COMPLETE, STOPPED, Trial
from ..sweep.space import Choice, Parameter
from ..system.display import show_name
from .factors import Level
from .response import Response, Slice
from .table import make_cell
from .trials import Trials, shorten_names

_COLUMNS = 4
_LABEL_WIDTH = 32
_MOST_LETTERS = 22  # of a panel's labels side by side


def draw_best_so_far(of: Trials) -> Figure:
    """Draw the objectives of trials in the order in which they finished, and the best so far."""
    with apply_style():
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        axes = figure.subplots()
        kinds = ((COMPLETE, SINGLE, "o"), (STOPPED, FAINT, "v"))
        for status, colour, marker in kinds:
            there = {i: t for i, t in enumerate(of.ended, 1) if t.status == status and _has_value(t)}
            if there:
                style: dict[str, Any] = {"s": 22, "color": colour, "marker": marker}
                axes.scatter(list(there), _list_values(list(there.values())), label=f"{status} trial", **style)
        failed = [i for i, t in enumerate(of.ended, 1) if t.status not in (COMPLETE, STOPPED)]
        if failed:
            bottom = axes.get_xaxis_transform()
            zeros = [0.02] * len(failed)
            axes.scatter(failed, zeros, marker="x", color=COLOURS["validation"], transform=bottom, label="failed trial")
        axes.step(*_compute_running_best(of), where="post", color=INK, linewidth=1.8, label="best so far")
        axes.set(xlabel="trials ended", xlim=(0.5, len(of.ended) + 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
        _format_value_axis(axes, of.objective.metric)
        axes.grid(alpha=0.25, linewidth=0.7)
        axes.legend(frameon=False)
    return figure


def _compute_running_best(of: Trials) -> tuple[list[int], list[float]]:
    counted = {trial.number for trial in of.complete}
    numbers: list[int] = []
    values: list[float] = []
    for i, trial in enumerate(of.ended, 1):
        if trial.number in counted and (not values or of.sign_objective(trial) > of.objective.sign * values[-1]):
            numbers.append(i)
            values.append(trial.objective or 0.0)
    return [*numbers, len(of.ended)], [*values, *values[-1:]]


def draw_importance(of: Response) -> Figure:
    """Draw the total-effect indices of all parameters, the largest on top."""
    with apply_style():
        figure = Figure(figsize=(7, 1.0 + 0.38 * len(of.importance)), layout="constrained")
        axes = figure.subplots()
        places = range(len(of.importance))
        bars = axes.barh(places, list(of.importance.values()), color=SINGLE)
        axes.set_yticks(places, [show_name(name) for name in shorten_names(of.importance).values()])
        axes.bar_label(bars, [f"{value:.2f}" for value in of.importance.values()], padding=3)
        axes.invert_yaxis()
        axes.set(xlabel="total-effect index", xlim=(0, 1.12 * max(1e-3, *of.importance.values())))
    return figure


def draw_slices(response: Response, of: Trials) -> Figure:
    """Draw the surrogate along each parameter, with one and two standard deviations, and the trials."""
    titles = shorten_names(along.parameter.name for along in response.slices)
    with apply_style():
        figure, panels = _make_panels(len(response.slices))
        for axes, along in zip(panels, response.slices, strict=True):
            known = [t for t in of.all if _is_known_at(t, along.parameter)]
            points = list(zip([t.point[along.parameter.name] for t in known], _list_values(known), strict=True))
            draw = _slice_of_choice if isinstance(along.parameter, Choice) else _slice_of_range
            draw(axes, along, points)
            axes.set_title(show_name(titles[along.parameter.name], CLASS_WIDTH), loc="left", fontsize=11)
        for axes in panels[::_COLUMNS]:
            _name_value(axes, of.objective.metric)
        for axes in panels:
            _format_percent(axes, of.objective.metric)
    return figure


def _slice_of_range(axes: Axes, along: Slice, points: Sequence[tuple[Any, float]]) -> None:
    for deviations in (2, 1):
        low, high = along.mean - deviations * along.std, along.mean + deviations * along.std
        axes.fill_between(along.values, low, high, color=COLOURS["training"], alpha=0.15, linewidth=0)
    axes.plot(along.values, along.mean, color=COLOURS["training"], linewidth=1.8)
    axes.scatter([x for x, _ in points], [y for _, y in points], s=12, color=INK, alpha=0.5, linewidths=0)
    if getattr(along.parameter, "log", False):
        set_logarithmic(axes, "x")
        if along.values[-1] < 100 * along.values[0]:  # fewer than two powers of ten for labels
            ticks = [along.parameter.from_unit(unit) for unit in (0.0, 0.5, 1.0)]
            axes.set_xticks(ticks, [make_cell(tick).text for tick in ticks])
            axes.minorticks_off()


def _slice_of_choice(axes: Axes, along: Slice, points: Sequence[tuple[Any, float]]) -> None:
    places = np.arange(len(along.values))
    style: dict[str, Any] = {"color": COLOURS["training"], "fmt": "none"}
    axes.errorbar(places, along.mean, 2 * along.std, elinewidth=5, alpha=0.3, **style)
    axes.errorbar(places, along.mean, along.std, elinewidth=9, alpha=0.3, **style)
    axes.scatter(places, along.mean, color=COLOURS["training"], s=40, marker="_", zorder=3)
    at = [list(along.values).index(value) + 0.18 for value, _ in points]
    axes.scatter(at, [y for _, y in points], s=12, color=INK, alpha=0.5, linewidths=0)
    axes.set_xlim(-0.5, len(places) - 0.5)
    _label_levels(axes, along.values)


def draw_factors(levels: Mapping[str, Sequence[Level]], of: Trials) -> Figure:
    """Draw mean and spread over trials at each level as bars, and the best trials, with their spread, as diamonds."""
    titles = shorten_names(levels)
    with apply_style():
        figure, panels = _make_panels(len(levels))
        for axes, (name, these) in zip(panels, levels.items(), strict=True):
            places = np.arange(len(these))
            axes.bar(places, [level.mean for level in these], color=SINGLE, width=0.65)
            _spread(axes, places, [level.mean for level in these], [level.spread for level in these], INK, "none")
            best = [level.best for level in these]
            _spread(axes, places + 0.2, _list_values(best), [of.spread(t) for t in best], COLOURS["validation"], "D")
            _label_levels(
                axes, [f"{show_name(make_cell(level.value).text, CLASS_WIDTH)} ({level.trials})" for level in these]
            )
            axes.set_title(show_name(titles[name], CLASS_WIDTH), loc="left", fontsize=11)
        _finish(panels, of, [lv.mean for these in levels.values() for lv in these])
    return figure


def draw_ablation(levels: Mapping[str, Sequence[Trial]], of: Trials) -> Figure:
    """Draw the trials that differ from the best one in one factor as bars, with the spread over their runs."""
    best = of.best
    titles = shorten_names(levels)
    with apply_style():
        figure, panels = _make_panels(len(levels))
        for axes, (name, these) in zip(panels, levels.items(), strict=True):
            places = np.arange(len(these))
            colours = [COLOURS["validation"] if best and t.number == best.number else SINGLE for t in these]
            axes.bar(places, _list_values(these), color=colours, width=0.65)
            _spread(axes, places, _list_values(these), [of.spread(t) for t in these], INK, "none")
            if best and best.objective is not None:
                axes.axhline(best.objective, color=INK, linewidth=0.9, linestyle="--")
            _label_levels(axes, [make_cell(t.point[name]).text for t in these])
            axes.set_title(show_name(titles[name], CLASS_WIDTH), loc="left", fontsize=11)
        _finish(panels, of, [v for these in levels.values() for v in _list_values(these)])
    return figure


def _finish(panels: Sequence[Axes], of: Trials, heights: Sequence[float]) -> None:
    """Give all panels the same axis; it need not start at 0, so that similar accuracies can be distinguished."""
    low, high = min(heights), max(heights)
    for axes in panels:
        if low > 0.5 * high > 0:
            tops = [axes.get_ylim()[1] for axes in panels]
            axes.set_ylim(max(0.0, low - 1.5 * (high - low) - 0.02 * high), max(tops))
        _format_percent(axes, of.objective.metric)
    for axes in panels[::_COLUMNS]:
        _name_value(axes, of.objective.metric)


def _spread(
    axes: Axes, x: np.ndarray, y: Sequence[float], spread: Sequence[float | None], colour: str, marker: str
) -> None:
    """Draw error bars, and markers if `marker` is not empty."""
    bars = [value or 0.0 for value in spread]
    axes.errorbar(x, y, bars, fmt=marker if marker != "none" else " ", color=colour, elinewidth=1.2, capsize=3, ms=4)


def _make_panels(number: int) -> tuple[Figure, list[Axes]]:
    columns = min(_COLUMNS, number)
    rows = math.ceil(number / columns)
    figure = Figure(figsize=(1.2 + 3.1 * columns, 0.5 + 3.0 * rows), layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
    for axes in grid[number:]:
        axes.remove()
    return figure, grid[:number]


def _label_levels(axes: Axes, values: Sequence[Any]) -> None:
    """Write names of levels under an axis, slanted if they would overlap."""
    texts = [show_name(make_cell(value).text, _LABEL_WIDTH) for value in values]
    crowded = sum(map(len, texts)) > _MOST_LETTERS
    axes.set_xticks(range(len(texts)), texts, rotation=40 * crowded, ha="right" if crowded else "center")


def _format_value_axis(axes: Axes, metric: str) -> None:
    _name_value(axes, metric)
    _format_percent(axes, metric)


def _name_value(axes: Axes, metric: str) -> None:
    axes.set_ylabel(show_name(metric.replace("_", " ")))


def _format_percent(axes: Axes, metric: str) -> None:
    if metric.endswith("accuracy"):
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))


def _has_value(trial: Trial) -> bool:
    return trial.objective is not None


def _is_known_at(trial: Trial, parameter: Parameter) -> bool:
    return _has_value(trial) and trial.status in (COMPLETE, STOPPED) and parameter.name in trial.point


def _list_values(trials: Sequence[Trial]) -> list[float]:
    return [trial.objective for trial in trials if trial.objective is not None]
