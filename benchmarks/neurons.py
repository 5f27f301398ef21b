"""Do simulated neurons do what their equations say?

`python -m benchmarks.neurons [--smoke]`: Hodgkin and Huxley's neuron in current steps of 5, 15, 20 and 40 ms, a LIF
neuron, and Izhikevich's neuron that spikes tonically, bursts and chatters, followed by `genn_shd.simulate` and, from
equations written down a second time here, by SciPy's adaptive solver at a tolerance of 1e-10 with event location.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.integrate import solve_ivp

from benchmarks.report import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    RED,
    Report,
    format_verdict,
    make_parser,
    print_table,
    use_style,
)
from genn_shd import Trajectory, simulate

DT, ONSET, TOLERANCE, MOST_APART = 0.01, 5.0, 1e-10, 1e-3
LENGTHS = (5.0, 15.0, 20.0, 40.0)
IONIC_CURRENTS = {
    "I_Na": "g_na * m**3 * h * (e_na - V)",
    "I_K": "g_k * n**4 * (e_k - V)",
    "I_L": "g_leak * (e_leak - V)",
}

Flow = Callable[[Sequence[float], float], list[float]]
"""State and current -> d/dt of the state."""


@dataclass(frozen=True)
class Reference:
    """A neuron's equations, written down independently of its definition.

    Attributes
    ----------
    flow : d/dt of the state.
    start : state at time 0.
    peak : value of the first variable at which a spike is sent.
    reset : the state after a spike; None where it goes on as it is.
    """

    flow: Flow
    start: tuple[float, ...]
    peak: float
    reset: Callable[[Sequence[float]], list[float]] | None = None


@dataclass(frozen=True)
class Experiment:
    """A neuron in a step of current that begins at ONSET.

    Attributes
    ----------
    name : title of the figure's column and row of the table.
    neuron, parameters : what `simulate` takes.
    height, length : of the current step, in units of `I`, and ms.
    duration : ms.
    reference : the same equations.
    """

    name: str
    neuron: str
    parameters: Mapping[str, float]
    height: float
    length: float
    duration: float
    reference: Reference


@dataclass
class Outcome:
    """What became of an experiment, twice.

    Attributes
    ----------
    experiment, found : with its trajectory.
    times, states : of the solver, where they are compared: at the ends of steps.
    spike_times : of the solver, ms.
    """

    experiment: Experiment
    found: Trajectory
    times: np.ndarray
    states: np.ndarray
    spike_times: list[float] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.found.state)

    @property
    def spikes_apart(self) -> float:
        """Largest distance between spike times, ms; infinite where their numbers differ."""
        if len(self.spike_times) != len(self.found.spike_times):
            return float("inf")
        return float(np.max(np.abs(self.found.spike_times - self.spike_times), initial=0.0))

    @property
    def state_apart(self) -> float:
        """Largest difference of a state variable, relative to its range."""
        ranges = np.ptp(self.states, axis=1)
        found = np.stack([self.found[name] for name in self.names])
        return float(np.max(np.abs(found - self.states).max(axis=1) / ranges))


def list_experiments(smoke: bool) -> list[Experiment]:
    """List all experiments; with `smoke` one of each neuron."""
    lengths = LENGTHS[:1] if smoke else LENGTHS
    kinds = dict(list(IZHIKEVICH_KINDS.items())[: 1 if smoke else None])
    hodgkin_huxley = [
        Experiment(f"{length:g} ms", "hodgkin_huxley", {}, 0.5, length, 60.0, HODGKIN_HUXLEY) for length in lengths
    ]
    izhikevich = [
        Experiment(f"Izhikevich, {kind}", "izhikevich", {"c": c, "d": d}, 0.5, 140.0, 160.0, make_izhikevich(c, d))
        for kind, (c, d) in kinds.items()
    ]
    return [*hodgkin_huxley, Experiment("LIF", "lif", {}, 2.0, 140.0, 160.0, LIF), *izhikevich]


def _flow_of_hodgkin_huxley(x: Sequence[float], current: float) -> list[float]:
    v, m, h, n = x
    ionic = 120 * m**3 * h * (50 - v) + 36 * n**4 * (-77 - v) + 0.3 * (-54.4 - v)
    alpha_m = 0.1 * (v + 40) / -np.expm1(-(v + 40) / 10)
    alpha_n = 0.01 * (v + 55) / -np.expm1(-(v + 55) / 10)
    return [
        ionic + 20 * current,
        alpha_m * (1 - m) - 4 * np.exp(-(v + 65) / 18) * m,
        0.07 * np.exp(-(v + 65) / 20) * (1 - h) - h / (1 + np.exp(-(v + 35) / 10)),
        alpha_n * (1 - n) - 0.125 * np.exp(-(v + 65) / 80) * n,
    ]


def make_izhikevich(c: float, d: float) -> Reference:
    """Izhikevich's neuron with a = 0.02, b = 0.2 and the given reset."""
    return Reference(
        lambda x, current: [
            0.04 * x[0] ** 2 + 5 * x[0] + 140 - x[1] + 20 * current,
            0.02 * (0.2 * x[0] - x[1]),
        ],
        (-70.0, -14.0),
        30.0,
        lambda x: [c, x[1] + d],
    )


HODGKIN_HUXLEY = Reference(_flow_of_hodgkin_huxley, (-65.0, 0.0529, 0.5961, 0.3177), 0.0)
LIF = Reference(lambda x, current: [(current - x[0]) / 20.0], (0.0,), 1.0, lambda x: [0.0])
IZHIKEVICH_KINDS = {"tonic": (-65.0, 8.0), "bursting": (-55.0, 4.0), "chattering": (-50.0, 2.0)}


def run(experiment: Experiment) -> Outcome:
    """Follow the neuron twice."""
    steps = np.arange(round(experiment.duration / DT)) * DT
    on = (steps > ONSET - DT / 2) & (steps < ONSET + experiment.length - DT / 2)
    quantities = IONIC_CURRENTS if experiment.neuron == "hodgkin_huxley" else {}
    found = simulate(
        experiment.neuron,
        experiment.height * on,
        experiment.duration,
        DT,
        parameters=experiment.parameters,
        quantities=quantities,
    )
    states, spike_times = solve(experiment, found.times)
    return Outcome(experiment, found, found.times, states, spike_times)


def solve(experiment: Experiment, times: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Follow the neuron with SciPy, from jump to jump of the current and from spike to spike.

    Returns the states at the given times, (variables, times), and the times of spikes.
    """
    reference = experiment.reference

    def excess(_: float, x: np.ndarray) -> float:
        return float(x[0] - reference.peak)

    excess.terminal, excess.direction = reference.reset is not None, 1  # type: ignore[attr-defined]
    states, spike_times = np.empty((len(reference.start), len(times))), list[float]()
    now, x = 0.0, np.array(reference.start)
    for until, height in _list_pieces(experiment):
        while now < until:
            part = solve_ivp(
                lambda _, x, height=height: reference.flow(x, height),
                (now, until),
                x,
                "DOP853",
                dense_output=True,
                events=excess,
                rtol=TOLERANCE,
                atol=TOLERANCE,
            )
            here = (times >= now) & (times <= part.t[-1])
            states[:, here] = part.sol(times[here])
            now, x = float(part.t[-1]), part.y[:, -1]
            spike_times += part.t_events[0].tolist()
            if part.status == 1 and reference.reset is not None:
                x = np.array(reference.reset(x))
    return states, spike_times


def _list_pieces(experiment: Experiment) -> list[tuple[float, float]]:
    """Ends of the pieces of time in which the current is constant, ms, and its values."""
    return [
        (ONSET, 0.0),
        (ONSET + experiment.length, experiment.height),
        (experiment.duration, 0.0),
    ]


def draw_hodgkin_huxley(outcomes: Sequence[Outcome]) -> Figure:
    """Draw current step, voltage, ionic currents and gates, one column for each length of the step."""
    with use_style():
        figure = Figure(figsize=(12.5, 8.0))
        axes = figure.subplots(
            4, len(outcomes), sharex=True, sharey="row", squeeze=False, height_ratios=(0.5, 1.5, 1.5, 1.2)
        )
        for column, outcome in zip(axes.T, outcomes, strict=True):
            found, states = outcome.found, dict(zip(outcome.names, outcome.states, strict=True))
            column[0].set_title(f"current for {outcome.experiment.name}", loc="left")
            column[0].plot(found.times, 20 * found.current, color=INK, linewidth=1.5)
            _draw_both(column[1], outcome.times, found["V"], states["V"], BLUE, "V")
            solved = _ionic_currents(states)
            for name, colour in zip(IONIC_CURRENTS, (RED, BLUE, FAINT), strict=True):
                _draw_both(column[2], outcome.times, found[name], solved[name], colour, _subscript(name))
            for name, colour in zip("mhn", (RED, GREEN, BLUE), strict=True):
                _draw_both(column[3], outcome.times, found[name], states[name], colour, name)
            column[3].set_xlabel("time (ms)")
        for row, label in zip(axes[:, 0], ("I\n(µA/cm²)", "V (mV)", "ionic currents\n(µA/cm²)", "gates"), strict=True):
            row.set_ylabel(label)
        for row in axes[2:, -1]:
            row.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        _explain(figure, "Hodgkin and Huxley's neuron")
    return figure


def _ionic_currents(states: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    v, m, h, n = (states[name] for name in "Vmhn")
    return {"I_Na": 120 * m**3 * h * (50 - v), "I_K": 36 * n**4 * (-77 - v), "I_L": 0.3 * (-54.4 - v)}


def _subscript(name: str) -> str:
    return "$I_{" + name.partition("_")[2] + "}$"


def draw_spiking(outcomes: Sequence[Outcome]) -> Figure:
    """Draw voltage and recovery of the neurons with a reset, one row each."""
    with use_style():
        figure = Figure(figsize=(9.5, 2.1 * len(outcomes) + 0.6))
        for axes, outcome in zip(np.atleast_1d(figure.subplots(len(outcomes), 1, sharex=True)), outcomes, strict=True):
            states = dict(zip(outcome.names, outcome.states, strict=True))
            axes.set_title(outcome.experiment.name, loc="left")
            _draw_both(axes, outcome.times, outcome.found["V"], states["V"], BLUE, "V")
            top = outcome.experiment.reference.peak
            axes.vlines(outcome.found.spike_times, top, top + 0.15 * np.ptp(states["V"]), color=BLUE, linewidth=1)
            axes.set_ylabel("V")
            if "U" in states:
                _draw_both(axes, outcome.times, outcome.found["U"], states["U"], GREEN, "U")
                axes.set_ylabel("V (mV), U")
                axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        axes.set_xlabel("time (ms)")
        _explain(figure, f"A current step from {ONSET:g} to 145 ms")
    return figure


def _draw_both(axes: Axes, times: np.ndarray, found: np.ndarray, solved: np.ndarray, colour: str, label: str) -> None:
    axes.plot(times, found, color=colour, linewidth=2, alpha=0.75, label=label)
    axes.plot(times, solved, color=INK, linewidth=0.8, linestyle=(0, (4, 4)))


def _explain(figure: Figure, title: str) -> None:
    figure.suptitle(f"{title}: simulate (in colour) and SciPy's adaptive solver (dashed)", x=0.01, ha="left", color=INK)


def main(arguments: list[str] | None = None) -> None:
    """Follow, compare, draw, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    report = Report.begin("neurons", f"Simulated neurons, dt = {DT:g} ms, beside solve_ivp at 1e-10", options, 1)
    outcomes = [run(experiment) for experiment in list_experiments(options.smoke)]
    rows = [_to_record(outcome) for outcome in outcomes]
    print_table(
        ["neuron", "current step", "spikes", "solve_ivp", "apart / ms", "target", "state apart / range"],
        [
            [
                row["neuron"],
                row["name"],
                len(row["spike_times"]),
                len(row["spike_times_of_solver"]),
                f"{row['spikes_apart_ms']:.1e}",
                format_verdict(row["spikes_apart_ms"], MOST_APART, at_most=True),
                f"{row['state_apart']:.1e}",
            ]
            for row in rows
        ],
    )
    stepped = [outcome for outcome in outcomes if outcome.experiment.neuron == "hodgkin_huxley"]
    figures = {
        "neurons_hodgkin_huxley": draw_hodgkin_huxley(stepped),
        "neurons_spiking": draw_spiking(outcomes[len(stepped) :]),
    }
    report.finish({"dt": DT, "tolerance": TOLERANCE, "experiments": rows}, 1, figures)


def _to_record(outcome: Outcome) -> dict[str, Any]:
    experiment = outcome.experiment
    return {
        "neuron": experiment.neuron,
        "name": experiment.name,
        "parameters": dict(experiment.parameters),
        "step": {"I": experiment.height, "from_ms": ONSET, "length_ms": experiment.length},
        "spike_times": outcome.found.spike_times.tolist(),
        "spike_times_of_solver": outcome.spike_times,
        "spikes_apart_ms": outcome.spikes_apart,
        "state_apart": outcome.state_apart,
    }


if __name__ == "__main__":
    main()
