"""Do gradients on the grid become those of continuous time as the time step goes to zero, and how fast?

Native gradients of the grid scheme in float64 against central differences of the event-driven solver in
`tests/reference_solver`, for every loss, with recurrence, one and two hidden layers. The networks and samples are
random, and kept where the solver itself says that they are well-conditioned (`tests.convergence.Conditions`). Then a
neuron that only just reaches its threshold: there no grid, and no step, gives a gradient to rely on.

(The exact scheme has no such error at any step: `benchmarks.exact_gradients`.)
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Report,
    format_verdict,
    make_parser,
    print_table,
    use_style,
)
from tests import convergence
from tests import reference_solver as reference
from tests.convergence import LOSSES, SPIKE_LOSSES, VOLTAGE_LOSSES

STEPS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
FINE = 0.1  # steps up to this one are short against the gaps between spikes
TARGET = 0.01  # at the smallest step
HIDDEN = ((6,), (4, 4))

SLOPES = (0.5, 0.1, 0.01)
GRAZING_STEPS = tuple(1.0 / np.unique(np.geomspace(1.0, 100.0, 45).round()))  # whole parts of 1 ms

LOOKS = {
    "sum": (BLUE, "o"),
    "sum_linear": (SKY, "x"),
    "sum_exp": (ORANGE, "s"),
    "sum_sigmoid": (SKY, "P"),
    "max": (GREEN, "^"),
    "xentropy": (PURPLE, "D"),
    "first_spike": (RED, "<"),
    "first_spike_exp": (RED, "v"),
}


# --- well-conditioned networks ---------------------------------------------------------------------------------------


def measure_errors(hidden: tuple[int, ...], loss: str, seeds: int, steps: tuple[float, ...]) -> np.ndarray:
    """Measure the relative error of the gradient, (seeds, steps); the largest over a network's weight matrices."""
    family = SPIKE_LOSSES if LOSSES[loss] in SPIKE_LOSSES else VOLTAGE_LOSSES
    errors = []
    for seed in range(seeds):
        network, batch = _problem(seed, hidden, family)
        by_connection = convergence.relative_errors(replace(network, loss=LOSSES[loss]), batch, steps)
        errors.append(np.max(list(by_connection.values()), axis=0))
    return np.array(errors)


_problem = cache(convergence.problem)


def _make_row(hidden: tuple[int, ...], loss: str, errors: np.ndarray, steps: tuple[float, ...]) -> dict[str, Any]:
    fine = np.array(steps) <= FINE
    median = np.median(errors, axis=0)
    return {
        "hidden": list(hidden),
        "loss": loss,
        "steps": list(steps),
        "errors": errors.tolist(),
        "median": median.tolist(),
        "worst": errors.max(axis=0).tolist(),
        "order": convergence.order(np.array(steps)[fine], median[fine]),
    }


# --- a neuron that grazes its threshold ------------------------------------------------------------------------


def measure_grazing(slope: float, steps: tuple[float, ...]) -> dict[str, Any]:
    """Measure the error of the input weight's gradient, where I - V at the only spike is about `slope`.

    There is no error where the grid misses the spike.
    """
    network, batch = reference.grazing_problem(slope)
    expected = reference.adjoint_gradients(network, batch)["input_hidden"].item()
    found = [convergence.native_gradients(network, batch, dt)["input_hidden"].item() for dt in steps]
    return {
        "slope": slope,
        "gradient": expected,
        "steps": list(steps),
        "errors": [None if g == 0.0 else abs(g / expected - 1.0) for g in found],
    }


# --- figure ------------------------------------------------------------------------------------------------------


def draw(rows: list[dict[str, Any]], grazes: list[dict[str, Any]]) -> Figure:
    """Draw the error over the time step: one and two hidden layers, and the neuron that grazes."""
    with use_style():
        figure = Figure(figsize=(13.5, 5.2))
        panels = figure.subplots(1, 3, sharey=True)
        for axes, hidden in zip(panels, HIDDEN, strict=False):
            _draw_convergence(axes, [row for row in rows if tuple(row["hidden"]) == hidden])
            layers = "One recurrent hidden layer" if len(hidden) == 1 else "Two recurrent hidden layers"
            axes.set_title(layers, loc="left")
        panels[0].set_ylabel("relative error of the gradient")
        panels[0].legend(loc="upper left", fontsize=10)
        _draw_grazing(panels[2], grazes)
        for axes in panels:
            axes.set(xscale="log", yscale="log", xlabel="time step, ms", ylim=(3e-4, 100))
            axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
            axes.yaxis.set_major_formatter(lambda y, _: f"{100 * y:g} %")
            axes.axhline(TARGET, color=FAINT, linewidth=1.2, linestyle=":")
        figure.suptitle(
            "Gradients on the grid against an event-driven solver: the error falls in proportion to the step",
            x=0.01,
            ha="left",
            color=INK,
        )
    return figure


def _draw_convergence(axes: Axes, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        colour, marker = LOOKS[row["loss"]]
        axes.plot(
            row["steps"], row["median"], color=colour, marker=marker, linewidth=1.8, markersize=5, label=row["loss"]
        )
    if rows:
        steps, errors = np.array(rows[0]["steps"]), np.array([row["errors"] for row in rows])
        lowest, highest = np.quantile(errors, (0.05, 0.95), axis=(0, 1))
        axes.fill_between(steps, lowest, highest, color=FAINT, alpha=0.18, linewidth=0, label="90 % of all networks")
        axes.plot(steps, 0.1 * steps, "--", color=INK, linewidth=1.2, label="in proportion to the step")


def _draw_grazing(axes: Axes, grazes: list[dict[str, Any]]) -> None:
    axes.set_title("A neuron that grazes its threshold", loc="left")
    for graze, (colour, marker) in zip(grazes, [(BLUE, "o"), (GREEN, "^"), (RED, "v")], strict=True):
        pairs = [(dt, e) for dt, e in zip(graze["steps"], graze["errors"], strict=True) if e is not None]
        missed = [dt for dt, e in zip(graze["steps"], graze["errors"], strict=True) if e is None]
        look = {"color": colour, "marker": marker, "markersize": 4}
        axes.plot(*zip(*pairs, strict=True), linewidth=0.8, label=f"I - V = {graze['slope']:g} at the spike", **look)
        axes.plot(missed, [3.0] * len(missed), linestyle="none", fillstyle="none", **look)
    axes.annotate("hollow: no spike\non this grid", (1.0, 4.0), ha="right", va="bottom", fontsize=10, color=INK)
    axes.legend(loc="upper left", fontsize=10)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, draw, and keep the figures."""
    options_of_all = make_parser(__doc__)
    options_of_all.add_argument("--seeds", type=int, default=6, help="networks for each loss and depth (default 6)")
    options = options_of_all.parse_args(arguments)
    seeds, steps, depths = (1, (0.1, 0.01), HIDDEN[:1]) if options.smoke else (options.seeds, STEPS, HIDDEN)
    losses = ("sum_exp", "first_spike_exp") if options.smoke else tuple(LOSSES)
    grazing_steps = GRAZING_STEPS[::8] if options.smoke else GRAZING_STEPS
    report = Report.begin("gradients", "Error of gradients on the grid over the time step", options, 1)
    rows = [
        _make_row(hidden, loss, measure_errors(hidden, loss, seeds, steps), steps)
        for hidden in depths
        for loss in losses
    ]
    print_table(
        ["loss", "hidden", *(f"{dt:g} ms" for dt in steps), "worst", "order", "target"],
        [
            [
                row["loss"],
                " + ".join(map(str, row["hidden"])),
                *(f"{100 * error:.2g} %" for error in row["median"]),
                f"{100 * row['worst'][-1]:.2g} %",
                f"{row['order']:.2f}",
                format_verdict(100 * row["median"][-1], 100 * TARGET, at_most=True).replace("1 ", "1 % "),
            ]
            for row in rows
        ],
    )
    print(
        f"  Relative error, median over {seeds} networks (of a network: its worst weight matrix); `worst` network at\n"
        f"  the smallest step; `order`: error ~ step^order, for steps up to {FINE:g} ms.\n"
    )
    grazes = [measure_grazing(slope, grazing_steps) for slope in SLOPES]
    _print_grazing(grazes)
    report.finish(
        {"networks": seeds, "convergence": rows, "grazing": grazes}, 1, {"gradient_convergence": draw(rows, grazes)}
    )


def _print_grazing(grazes: list[dict[str, Any]]) -> None:
    print_table(
        ["grazing: I - V at the spike", "gradient", "smallest error", "largest error", "steps that see no spike"],
        [
            [
                f"{graze['slope']:g}",
                f"{graze['gradient']:.3g}",
                f"{100 * min(seen):.2g} %",
                f"{100 * max(seen):.2g} %",
                f"{graze['errors'].count(None)} of {len(graze['steps'])}",
            ]
            for graze in grazes
            if (seen := [error for error in graze["errors"] if error is not None])
        ],
    )


if __name__ == "__main__":
    main()
