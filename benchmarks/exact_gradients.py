"""Are gradients of the exact scheme exact, on real speech, at any step?

`python -m benchmarks.exact_gradients [--smoke]`: 700-64-10 recurrent networks on recordings of spoken digits, float64.
For every loss and step: the relative difference to extrapolated central differences of the same simulation, of entries
of every parameter. Then the other side of it: error against dt of both schemes on a small network, against an
event-driven solver, and the angle between the gradients of both schemes on real speech.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure

from genn_shd import (
    DataError,
    Gamma,
    Model,
    Normal,
    SpikeTrains,
    check_gradients,
    compile_network,
    load_dataset,
    recurrent_classifier,
)
from genn_shd.models import LOSSES
from tests import reference_solver as reference
from tests.convergence import LOSSES as LOSSES_OF_SOLVER
from tests.convergence import gradients_in_scheme, native_gradients, problem, relative_error

from .report import BLUE, RED, Report, make_parser, print_table, use_style

STEPS = (0.25, 0.5, 1.0, 2.0)
TARGET = 1e-6
# Recordings are longer: activity goes on to the end, without which the gradient of `sum` by spike times is zero.
DURATION = 300.0
FINE_STEPS = (2.0, 1.0, 0.5, 0.25, 0.1, 0.05)
LIF, HETEROGENEOUS = "LIF", "heterogeneous LIF"
TIME_CONSTANTS = {
    LIF: {},
    HETEROGENEOUS: {"tau_mem": Gamma(20.0, 3.0, 3.0, 60.0), "tau_syn": Gamma(5.0, 3.0, 1.0, 15.0)},
}
FIRST_SPIKE = {"tau_0": 5.0, "tau_1": 100.0, "alpha": 0.01}


@dataclass(frozen=True)
class Row:
    """One loss at one step: spikes per neuron, error of the worst parameter, and uncertainty of the differences."""

    loss: str
    neurons: str
    dt: float
    spikes: float
    error: float
    uncertainty: float


def main() -> int:
    """Print both tables, and draw the figure."""
    options = make_parser(__doc__).parse_args()
    report = Report.begin("exact_gradients", "Are gradients of the exact scheme exact?", options, 1)
    try:
        trains = load_dataset("fsdd").train
    except DataError as error:
        print(f"  skipped: {error}")
        return 0
    batch = trains.select(_choose_one_of_each(trains, (0, 3, 7)))
    entries = 6 if options.smoke else 24
    rows = [_check(loss, LIF, dt, batch, entries) for loss in LOSSES for dt in STEPS]
    rows += [_check("sum_exp", HETEROGENEOUS, dt, batch, entries) for dt in STEPS]
    print_table(
        [
            "loss",
            "hidden neurons",
            "dt / ms",
            "spikes per neuron",
            "relative error",
            "uncertainty of differences",
            "target",
        ],
        [
            (r.loss, r.neurons, r.dt, f"{r.spikes:.1f}", f"{r.error:.1e}", f"{r.uncertainty:.1e}", _format_row(r))
            for r in rows
        ],
    )
    errors = _measure_errors()
    print_table(
        ["dt / ms", "exact: error of the gradient", "grid: error of the gradient"],
        [(dt, f"{e:.1e}", f"{g:.1e}") for dt, e, g in zip(FINE_STEPS, errors["exact"], errors["grid"], strict=True)],
    )
    angles = _measure_angles(trains.select(np.arange(0, len(trains), max(1, len(trains) // 64))[:64]))
    print_table(["loss", "parameter", "angle between grid and exact / degrees"], angles)
    results = {"rows": [vars(r) for r in rows], "errors_against_solver": errors, "angles": angles}
    report.finish(results, 1, {"exact_gradients": _draw(errors)})
    return 0


def _format_row(row: Row) -> str:
    if row.error <= TARGET:
        return f"<= {TARGET:g} met"
    return "within the uncertainty" if row.error <= 3 * row.uncertainty else "MISSED"


def _choose_one_of_each(trains: SpikeTrains, labels: tuple[int, ...]) -> np.ndarray:
    return np.array([np.flatnonzero(trains.labels == label)[5] for label in labels])


def _compile(loss: str, neurons: str, dt: float, scheme: str, num_hidden: int, batch_size: int) -> Model:
    weights = {
        "input_hidden": Normal(0.012, 0.02),
        "hidden_hidden": Normal(0.0, 0.1),
        "hidden_output": Normal(0.05, 0.3),
    }
    if loss.startswith("first_spike"):
        weights["hidden_output"] = Normal(0.15, 0.15)
    network = recurrent_classifier(
        700,
        num_hidden,
        10,
        loss=loss,
        loss_scale=5.0,
        **TIME_CONSTANTS[neurons],
        loss_values={name: value for name, value in FIRST_SPIKE.items() if name in LOSSES[loss].parameters},
        weights=weights,
    )
    return compile_network(
        network, batch_size=batch_size, dt=dt, duration=DURATION, precision="float64", num_threads=1, scheme=scheme
    )


def _check(loss: str, neurons: str, dt: float, batch: SpikeTrains, entries: int) -> Row:
    with _compile(loss, neurons, dt, "exact", 64, len(batch)) as model:
        counts = model.evaluate_batch(batch).spike_counts["hidden"]
        checks = check_gradients(model, batch, entries)
    worst = max(checks, key=lambda check: check.relative_error)
    return Row(loss, neurons, dt, float(counts.mean()), worst.relative_error, worst.uncertainty)


def _measure_errors() -> dict[str, list[float]]:
    """Measure errors of the whole gradient. In the exact scheme, and here in the solver, spikes are delayed by dt."""
    network, batch = problem(1, losses=[LOSSES_OF_SOLVER["sum_exp"]])
    errors: dict[str, list[float]] = {"exact": [], "grid": []}
    for dt in FINE_STEPS:
        errors["grid"].append(_measure_error(native_gradients(network, batch, dt), network, batch))
        errors["exact"].append(
            _measure_error(gradients_in_scheme(network, batch, dt, "exact"), replace(network, delay=dt), batch)
        )
    return errors


def _measure_error(found: dict[str, np.ndarray], network: reference.Network, batch: reference.Batch) -> float:
    expected = reference.adjoint_gradients(network, batch)
    return relative_error(*(np.concatenate([g[name].ravel() for name in found]) for g in (found, expected)))


def _measure_angles(batch: SpikeTrains) -> list[tuple[str, str, str]]:
    rows = []
    for loss in ("sum_exp", "xentropy", "max"):
        found = {}
        for scheme in ("exact", "grid"):
            with _compile(loss, LIF, 1.0, scheme, 256, len(batch)) as model:
                found[scheme] = model.gradient(batch).gradients
        for name, exact in found["exact"].items():
            grid = found["grid"][name]
            cosine = float(np.sum(exact * grid) / (np.linalg.norm(exact) * np.linalg.norm(grid)))
            rows.append((loss, name, f"{np.degrees(np.arccos(np.clip(cosine, -1, 1))):.1f}"))
    return rows


def _draw(errors: dict[str, list[float]]) -> Figure:
    with use_style():
        figure = Figure(figsize=(6, 4))
        axes = figure.subplots()
        for scheme, colour in (("grid", RED), ("exact", BLUE)):
            axes.loglog(FINE_STEPS, errors[scheme], "o-", color=colour, label=scheme)
        axes.set_xlabel("time step dt / ms")
        axes.set_ylabel("relative error of the gradient")
        axes.set_title("Small recurrent network against an event-driven solver")
        axes.legend()
    return figure


if __name__ == "__main__":
    sys.exit(main())
