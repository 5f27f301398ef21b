"""The table and the figure of the peers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from benchmarks.report import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, RED, SKY, use_style

LEARNED = 1.25
"""The loss has to fall by this factor in 50 updates."""

COLOURS = {
    "genn_shd, exact": BLUE,
    "genn_shd, grid": SKY,
    "snnTorch": ORANGE,
    "SpikingJelly": GREEN,
    "norse": RED,
    "Spyx": PURPLE,
    "PyGeNN CPU, sequential": INK,
    "jaxsnn": "#8C6D00",
    "Eventax": "#CC4400",
}
MARKERS = {
    "shd_1000": "o",
    "shd_200": "s",
    "adaptive": "^",
    "delays": "v",
    "delays_first_spike": "X",
    "shd_first_spike": "D",
    "yin_yang": "P",
}


def format_rows(rows: Sequence[dict[str, Any]], cores: Sequence[int]) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells, a line for each program of one work."""
    several = [f"{count} cores: ms a trial" for count in cores[1:]]
    columns = ["program", "1 core: ms a trial", "processor ms", *several, "compile s", "peak MiB"]
    columns += ["J a trial", "gradient off", "angle", f"loss over {LEARNED:g}", "samples", "differs"]
    names = list(dict.fromkeys(row["program"] for row in rows))
    return columns, [_format_program([row for row in rows if row["program"] == name], cores) for name in names]


def _format_program(rows: list[dict[str, Any]], cores: Sequence[int]) -> list[str]:
    by_cores = {row["cores"]: row for row in rows}
    one = by_cores[cores[0]]
    if "not_run" in one:
        return [one["program"], "not run", *[""] * (len(cores) + 7), f"{one['not_run']} ({one['differs']})"]
    others = [_format_time(by_cores.get(count)) for count in cores[1:]]
    joules = one.get("joules_per_trial")
    return [
        one["program"],
        _format_time(one),
        f"{one['cpu_ms_per_trial']:.3g}",
        *others,
        f"{one['seconds_to_compile']:.1f}",
        f"{one['peak_mib']:.0f}",
        f"{joules:.2g}" if joules is not None else "",
        f"{one['gradient_error']:.1e}" if "gradient_error" in one else "",
        f"{one['gradient_degrees']:.2g}" if "gradient_degrees" in one else "",
        format_learning(one),
        str(one["batch_size"]),
        one["differs"],
    ]


def _format_time(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    return "not run" if "not_run" in row else f"{row['ms_per_trial']:.3g}"


def format_learning(row: dict[str, Any]) -> str:
    """Say by which factor the loss fell, after how many updates."""
    losses = [loss for loss in row["losses"] if not math.isnan(loss)]
    if len(losses) < 2:
        return ""
    factor = losses[0] / losses[-1] if losses[-1] else math.inf
    return f"{factor:.2f} in {len(row['losses'])}" + ("" if factor >= LEARNED else ", no")


def draw(rows: Sequence[dict[str, Any]]) -> Figure:
    """Draw the error of the gradient over the time of a trial on one core, a point for each program and work."""
    drawn = [row for row in rows if row["cores"] == 1 and math.isfinite(row.get("gradient_error", math.nan))]
    with use_style():
        figure = Figure(figsize=(8.5, 5.2))
        axes = figure.subplots()
        for row in drawn:
            colour, marker = COLOURS.get(row["program"], FAINT), MARKERS.get(row["work"], "o")
            place = row["cpu_ms_per_trial"], row["gradient_error"]
            axes.loglog(*place, marker, color=colour, markersize=8)
        for name in dict.fromkeys(row["program"] for row in drawn):
            axes.plot([], [], "o", color=COLOURS.get(name, FAINT), label=name)
        for name in dict.fromkeys(row["work"] for row in drawn):
            axes.plot([], [], MARKERS.get(name, "o"), color="none", markeredgecolor=FAINT, label=name)
        axes.set(ylim=(max(1e-14, axes.get_ylim()[0]), None))
        axes.set(xlabel="processor time of a training trial / ms", ylabel="relative error of the gradient")
        axes.set_title("Exact and fast is at the lower left", loc="left")
        axes.legend(fontsize=9, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure
