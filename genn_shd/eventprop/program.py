"""The program of a network: forward and backward code that every back end can compile.

All code is in GeNN's snippet language and describes one neuron. It uses the names of the state, of the run-time
values of neurons (parameters of the definitions and coefficients of the scheme), and those listed with each piece.
A back end adds loops and memory, and executes the pieces in the order that the scheme defines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.polynomial import chebyshev

from ..network.definitions import LossModel
from ..network.learning_rules import EventProp, LearningRule
from ..network.network import Connection, Network
from ..network.snippets import find_names
from ..spikes.spike_trains import SpikeTrains

Values = Mapping[str, np.ndarray]

LONGEST_ORDER = 24
"""The highest power of a `PowerSeries`."""


@dataclass(frozen=True)
class SpikeProgram:
    """Code at a spike of a neuron.

    Attributes
    ----------
    threshold : expression; the neuron spikes when it is not negative.
    threshold_rate : its rate of change per ms, an expression of the stored `slope`.
    tape : name -> expression of the state at the spike, stored for the backward pass.
    reset_code : code of the reset, after the tape is stored.
    jump_code : backward; changes the adjoint. Names: those of the tape, `feedback` (sum over targets of weight times
        their `feedback`), `spike_drive` (from the loss), `count_signal` (from spike-count regularisation).
    from_below : whether it spikes only if the threshold was negative before, as the reset may leave it non-negative.
    """

    threshold: str
    threshold_rate: str
    tape: dict[str, str]
    reset_code: str
    jump_code: str
    from_below: bool = False


@dataclass(frozen=True)
class SeriesProgram:
    """The propagator exp(A r) of dynamics without closed form, as a power series for a span, half of it, a quarter, ...

    Attributes
    ----------
    squares : entry that is not always zero -> pairs of entries; the sum of their products is the entry for twice the
        span. A single entry is added. Entries are those of states and of the constant drive.
    bend : state variable -> coefficient; the sum of these times absolute values of the state is an upper bound of the
        second derivative of the threshold, 1/ms^2, within a step. Empty if the population never spikes.
    bend_of_drift : coefficient that is added to the bound.
    """

    squares: dict[str, tuple[tuple[str, ...], ...]]
    bend: dict[str, str]
    bend_of_drift: str


@dataclass(frozen=True)
class PowerSeries:
    """Values for the `SeriesProgram` of a population.

    Attributes
    ----------
    squarings : number of times that the sum of the series is squared.
    powers : (order + 1, entries, N), coefficients of r^0, r^1, ..., with entries in the order of the program.
    """

    squarings: int
    powers: np.ndarray


@dataclass(frozen=True)
class SensitivityProgram:
    """Derivatives y of the state x by trained parameters, for a scheme with spikes within steps; z is x and y.

    Attributes
    ----------
    state : names of y, all zero at the start of a trial.
    start_code : advances y over a step without events. Names: x and y at its start.
    reached : entries of y that an arrival changes by the end of its step.
    matrix : (row, column) -> coefficient, the entries of M in z' = M z + c that are not zero.
    drift : row -> coefficient, the entries of c that are not zero.
    shift : tape entry -> expression of z just before a spike, and of the tape's `slope`.
    reset_code : computes y after a spike. Names: z before it, the shifts.
    """

    state: tuple[str, ...]
    start_code: str
    reached: tuple[str, ...]
    matrix: dict[tuple[str, str], str]
    drift: dict[str, str]
    shift: dict[str, str]
    reset_code: str


@dataclass(frozen=True)
class TrainedProgram:
    """Code for the gradients of trained parameters of a population; see `genn_shd.eventprop.sensitivity`.

    Attributes
    ----------
    spike_gradient : parameter -> expression that one spike adds to dL/d(parameter). Names: those of the tape,
        `feedback`, `spike_drive`, `count_signal`. Empty if the population never spikes.
    read : parameter -> expression of the derivative of the voltage that the loss reads in one step; the step adds
        `drive` times this to dL/d(parameter). For outputs that never spike, else empty. Names: as in `mean_code`.
    sensitivity : code of the derivatives; None if they are part of the state.
    """

    spike_gradient: dict[str, str]
    read: dict[str, str]
    sensitivity: SensitivityProgram | None = None


@dataclass(frozen=True)
class FlowProgram:
    """Code of a population with nonlinear dynamics, integrated by a Runge-Kutta method.

    See `genn_shd.eventprop.schemes.runge_kutta`.

    Attributes
    ----------
    step_code : advances the state over a span `r`.
    back_code : with the state at the start of a span `r`, moves the covector `back_X` of each state variable from the
        end to the start; assigns the derivatives `by_length` and, for each trained parameter, `by_THETA`.
    threshold_gradient : state variable -> derivative of the threshold by it, an expression of the state at a spike.
    threshold_by : trained parameter -> the same.
    reset_back_code : with the state before a reset, declares `pull_X` and `pull_THETA`: the covector before the reset,
        from `back_X` after it.
    resets_threshold : whether the reset changes the distance from the threshold.
    watched : the state variable on which the rule for spike counts acts.
    trained : names of trained parameters.
    substeps : smallest number of parts into which a step is divided.
    """

    step_code: str
    back_code: str
    threshold_gradient: dict[str, str]
    threshold_by: dict[str, str]
    reset_back_code: str
    resets_threshold: bool
    watched: str
    trained: tuple[str, ...]
    substeps: int


@dataclass(frozen=True)
class SurrogateProgram:
    """Code of a spiking population for surrogate gradients; see `genn_shd.eventprop.schemes.surrogate`.

    Attributes
    ----------
    kept : state variables whose values just before the reset are stored in every step for the backward pass.
    back_code : backward; the adjoint over one step. Names: the adjoint, `kept`, `fired` (1 in steps with a spike, else
        0), `spike_error` (derivative of the loss by a spike in this step, through its targets and the regularisation of
        spike counts).
    """

    kept: tuple[str, ...]
    back_code: str


@dataclass(frozen=True)
class EligibilityProgram:
    """Code of a population for e-prop; see `genn_shd.eventprop.schemes.eprop`.

    Attributes
    ----------
    kept : state variables whose values just before a reset are read.
    neuron : name -> expression for one neuron in one step, the same for all of its synapses. Names: `kept`, `fired` (1
        in steps with a spike, else 0).
    traces : names of a synapse's traces, all zero at the start of a trial.
    trace_code : a synapse's traces over one step, after arrivals have been added; assigns `eligibility`, the derivative
        by the weight of the spike of this step, or of the voltage at its end if the population never spikes. Names:
        the traces, `neuron`.
    """

    kept: tuple[str, ...]
    neuron: dict[str, str]
    traces: tuple[str, ...]
    trace_code: str


@dataclass(frozen=True)
class PlasticityProgram:
    """Code of the weights onto a population that change by pairs of spikes; see `genn_shd.eventprop.schemes.stdp`.

    Attributes
    ----------
    potentiation, depression : expressions of the change at a spike of the target and at an arrival, as a fraction of
        the range of weights. Names: `t`, the time between the two, > 0 (ms), `w`, the weight between its limits, 0 to
        1.
    """

    potentiation: str
    depression: str


@dataclass(frozen=True)
class PopulationProgram:
    """Code of one population other than the input.

    Attributes
    ----------
    name, size : of the population.
    state : state variable -> value at the start of a trial.
    parameters, coefficients : names of the run-time values of neurons that code can use.
    receives : the state variable to which arriving spikes add their weights, at the start of a step.
    advance_code : advances the state of the neuron over one step.
    spike : code at a spike; None if the population never spikes.
    decay_code : advances the state of the synapse over one step, after spikes.
    adjoint : adjoint variables, zero at the end of a trial.
    drive_code : backward, outputs; adds the derivative of the loss at the end of a step. Name: `drive` = d(loss)/dV. If
        the loss reads the mean voltage, the adjoint is then relative to its steady state under the drive.
    adjoint_code : backward; the adjoint over one step. For such a loss, it also subtracts the steady state; Name:
        `drive`.
    mean_code : forward, outputs; expression of the mean voltage over the step. Names: the state, and in the exact
        scheme `start_V`, `start_I` (at the start of the step) and `arrived` (the sum of weights that arrived in it;
        without closed form, their contribution to the mean).
    steady_state : for such a loss, adjoint variable -> coefficient of its steady state under a drive of 1, or without
        closed form, of the effect of a drive of -1 over a step; else empty.
    feedback, weight_gradient : expressions of the adjoint at the start of the step in which a spike arrives: the value
        sent back to the presynaptic neuron per unit weight, and the contribution to the gradient of the weight.
    propagator : coefficient -> expression of the span `r` (ms), coefficients that do not depend on it and entries
        before it, for schemes that integrate over parts of a step. `coupled(r, E, F, gap, a, a / gap)` stands for
        a (E - F) / gap, finite where gap = 0; E and F are exponentials of -r times two rates that differ by gap.
    series : the entries that are not in `propagator`; None if there are no others.
    trained : code for trained parameters; None if there are none.
    public_names : name in code -> public name, of variables and parameters for which they differ.
    flow : code of nonlinear dynamics, else None. The state at the start of every step, after arrivals, is then stored
        for the backward pass: `adjoint_code` and `feedback` read it, and assign to `by_THETA`, declared before, the
        contribution of a step or a spike to the gradient of a trained parameter.
    surrogate : for surrogate gradients, code used instead of `adjoint_code` if the population spikes; else None.
    eligibility : for e-prop, code used instead of the adjoint; else None.
    plasticity : for STDP, code of the weights onto the population, if they change; else None.
    """

    name: str
    size: int
    state: dict[str, float]
    parameters: tuple[str, ...]
    coefficients: tuple[str, ...]
    receives: str
    advance_code: str
    spike: SpikeProgram | None
    decay_code: str
    adjoint: tuple[str, ...]
    drive_code: str
    adjoint_code: str
    steady_state: dict[str, str]
    mean_code: str
    feedback: str
    weight_gradient: str
    propagator: dict[str, str]
    trained: TrainedProgram | None
    series: SeriesProgram | None = None
    public_names: Mapping[str, str] = field(default_factory=dict)
    flow: FlowProgram | None = None
    surrogate: SurrogateProgram | None = None
    eligibility: EligibilityProgram | None = None
    plasticity: PlasticityProgram | None = None

    def to_public_name(self, name: str) -> str:
        """Return the public name of a state, an adjoint or a parameter in code."""
        return self.public_names.get(name, name)

    @property
    def visible_state(self) -> tuple[str, ...]:
        """The state variables of the definitions."""
        return self.adjoint_state if self.flow else tuple(self.state)

    @property
    def adjoint_state(self) -> tuple[str, ...]:
        """The state variables that have an adjoint, in its order."""
        return tuple(x.removeprefix("lambda_") for x in self.adjoint)

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of the entries of the propagator over a part of a step; those of the series are first."""
        return (*(self.series.squares if self.series else ()), *self.propagator)

    @property
    def forward_entries(self) -> tuple[str, ...]:
        """The entries that the state needs, without those only for the adjoint."""
        read = find_names(self.advance_code, self.decay_code)
        return tuple(name for name in self.entries if name in read)

    @property
    def arrival_effects(self) -> dict[str, str]:
        """States that an arrival changes by the end of a step, with their adjoints, in the order of `ArrivalTerms`."""
        pairs = {x: f"lambda_{x}" for x in self.state if f"{x}_from_{self.receives}" in self.entries}
        return {**pairs, "arrived": "drive"} if self.steady_state else pairs

    @property
    def values(self) -> tuple[str, ...]:
        """Names of all run-time values of neurons."""
        return self.parameters + self.coefficients

    def remove_adjoint(self) -> Self:
        """Return the population without the code of its adjoint, for rules that use none; `spike` is unchanged."""
        return replace(
            self,
            adjoint=(),
            drive_code="",
            adjoint_code="",
            steady_state={},
            feedback="0.0",
            weight_gradient="0.0",
        )


@dataclass(frozen=True)
class ArrivalTerms:
    """The effect at the end of a step of a spike that arrives d ms after its start, as a sum of K terms.

    Each term is a function of d times a number of the neuron: effect(d, e, j) = sum over k: phi_k(d) gains[k, e, j].

    Attributes
    ----------
    times : (K, order) Chebyshev series of phi_k in 2 d / dt - 1.
    derivatives : (R, order) of the derivatives by d, 1/ms, of the first R <= K.
    gains : (K, effects, N). Effects: the states that an arrival changes, in the order of the state; if the loss drives
        the population during steps, the sum of the weights that arrived; then the derivatives by trained parameters
        that it changes. Only these need more than R terms.
    returns : (R, adjoints, N), backward: dL/dw at d is the sum of phi_k(d) returns[k, e, j] (adjoint of effect e at
        the end of the step), where the adjoint of the sum of weights is `drive`. Its derivative by d, times w, is sent
        back to the presynaptic neuron.
    reversible : whether an adjoint within the step can be moved to its end without loss of precision.
    """

    times: np.ndarray
    derivatives: np.ndarray
    gains: np.ndarray
    returns: np.ndarray
    reversible: bool

    @property
    def mixing(self) -> np.ndarray:
        """(R, R): the derivative of phi_k by d is the sum over l of mixing[l, k] phi_l, 1/ms.

        Derivatives of exponentials are exponentials, so those of the first R functions are combinations of these.
        """
        count, order = self.derivatives.shape
        nodes = np.cos(np.pi * (np.arange(order) + 0.5) / order)
        functions, derivatives = (chebyshev.chebval(nodes, s.T) for s in (self.times[:count], self.derivatives))
        mixing: np.ndarray = np.linalg.lstsq(functions.T, derivatives.T, rcond=None)[0]
        return mixing


@dataclass(frozen=True)
class Program:
    """Code of a whole network for one scheme.

    Attributes
    ----------
    scheme : name of the time-stepping scheme.
    network : the description, with public names.
    weight_time : time within a step at which the weight w(t) of the loss is evaluated, as a fraction of the step.
    input_activity : (samples, number of steps, dt, tau, gain) -> (B, steps) activity of their input in each step, see
        `genn_shd.eventprop.schemes.input_activity`.
    populations : programs in the order of the network, without the input.
    loss : the loss of the network, with names for code.
    connections : connections of the network.
    evaluate_coefficients : (population name, parameter values, dt) -> values of the coefficients, float64, (N,) each.
    arrivals : (population name, parameter values, dt, precision) -> the terms of arrivals within steps; None if spikes
        arrive only at the start of a step.
    power_series : (population name, parameter values, dt, precision) -> values of its `SeriesProgram`, None for
        populations that have none.
    rule : how gradients are computed.
    """

    scheme: str
    network: Network
    loss: LossModel
    weight_time: float
    input_activity: Callable[[SpikeTrains, int, float, float, float], np.ndarray]
    populations: tuple[PopulationProgram, ...]
    evaluate_coefficients: Callable[[str, Values, float], dict[str, np.ndarray]]
    arrivals: Callable[[str, Values, float, str], ArrivalTerms] | None = None
    power_series: Callable[[str, Values, float, str], PowerSeries | None] | None = None
    rule: LearningRule = EventProp()  # noqa: RUF009  frozen

    def evaluate_neuron_values(self, population: str, values: Values, dt: float) -> dict[str, np.ndarray]:
        """Evaluate all run-time values of a population, (N,) each: parameters and coefficients, by name in code.

        Parameters
        ----------
        values : parameters of the population, by public name.
        dt : time step, ms.
        """
        p = next(p for p in self.populations if p.name == population)
        coded = {name: values[p.to_public_name(name)] for name in p.parameters}
        return {**coded, **self.evaluate_coefficients(population, coded, dt)}

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections of the network."""
        return self.network.connections

    @property
    def output(self) -> PopulationProgram:
        """The program of the output population."""
        return self.populations[-1]
