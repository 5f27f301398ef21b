"""The program of a network: forward and backward code that every back end can compile.

All code is in GeNN's snippet language and speaks of one neuron. Names in it are the population's state, its
per-neuron run-time values (parameters of the definitions and the scheme's coefficients), and those listed with
each piece. A back end supplies loops, storage and the order of things, which the scheme fixes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
    threshold : expression; the neuron spikes where it is not negative.
    threshold_rate : its rate of change per ms, an expression of the tape's `slope`.
    tape : name -> expression of the state at the spike, stored for the backward pass.
    reset_code : after the tape is stored.
    jump_code : backward; changes the adjoint. Names: the tape's, `feedback` (sum over targets of weight times
        their `feedback`), `spike_drive` (from the loss), `count_signal` (from spike-count regularisation).
    from_below : whether it spikes only where that was negative before, as the reset may leave it where it spikes.
    """

    threshold: str
    threshold_rate: str
    tape: dict[str, str]
    reset_code: str
    jump_code: str
    from_below: bool = False


@dataclass(frozen=True)
class SeriesProgram:
    """The propagator exp(A r) of dynamics that have no closed form, as a power series of half a span, a quarter, ...

    Attributes
    ----------
    squares : entry that is not always zero -> pairs of entries, whose products add up to it in the propagator of twice
        the span; an entry that stands alone is added. Of states, and of the constant drive.
    bend : state variable -> coefficient; the second derivative of the threshold's expression, 1/ms^2, is nowhere
        within a step larger than the sum of these times the state's size. None where the population never spikes.
    bend_of_drift : coefficient that is added to it.
    """

    squares: dict[str, tuple[tuple[str, ...], ...]]
    bend: dict[str, str]
    bend_of_drift: str


@dataclass(frozen=True)
class PowerSeries:
    """Values of a population's `SeriesProgram`.

    Attributes
    ----------
    squarings : how often the series' result is squared.
    powers : (order + 1, entries, N), coefficients of r^0, r^1, ..., entries in the program's order.
    """

    squarings: int
    powers: np.ndarray


@dataclass(frozen=True)
class SensitivityProgram:
    """Derivatives y of the state x by trained parameters, for a scheme with spikes inside steps; z is x and y.

    Attributes
    ----------
    state : names of y, all zero at the start of a trial.
    start_code : y over a step without events. Names: x and y at its start.
    reached : those of y that an arrival changes by the end of its step.
    matrix : (row, column) -> coefficient, the entries of M in z' = M z + c that are not zero.
    drift : row -> coefficient, the entries of c that are not zero.
    shift : tape entry -> expression of z just before a spike, and of the tape's `slope`.
    reset_code : y after a spike. Names: z before it, the shifts.
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
    """Code for the gradients of a population's trained parameters; see `genn_shd.eventprop.sensitivity`.

    Attributes
    ----------
    spike_gradient : parameter -> expression of what one spike adds to dL/d(parameter). Names: the tape's, `feedback`,
        `spike_drive`, `count_signal`. Empty where the population never spikes.
    read : parameter -> expression of the derivative of the voltage that the loss reads of one step; what the step adds
        to dL/d(parameter) is `drive` times this. For outputs that never spike, else empty. Names: as in `mean_code`.
    sensitivity : None where the derivatives advance with the state and are part of it.
    """

    spike_gradient: dict[str, str]
    read: dict[str, str]
    sensitivity: SensitivityProgram | None = None


@dataclass(frozen=True)
class FlowProgram:
    """Code of a population with nonlinear dynamics, which a Runge-Kutta method follows; see
    `genn_shd.eventprop.schemes.runge_kutta`.

    Attributes
    ----------
    step_code : the state over a span `r`.
    back_code : the covector `back_X` of each state variable from the end of a span `r` to its start, where the state
        is at; assigns `by_length` and, for each trained parameter, `by_THETA`: derivatives by them.
    threshold_gradient : state variable -> derivative of the threshold by it, an expression of the state at a spike.
    threshold_by : trained parameter -> the same.
    reset_back_code : declares `pull_X` and `pull_THETA`: `back_X` from after a reset to before it, where the state is
        at.
    resets_threshold : whether a reset takes the neuron away from its threshold.
    watched : the state variable on which the rule for spike counts acts.
    trained : names of trained parameters.
    substeps : parts into which a step is cut at least.
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
    kept : state variables whose values just before a reset, in every step, the backward pass reads.
    back_code : backward; the adjoint over one step. Names: the adjoint, `kept`, `fired` (1 in steps with a spike, else
        0), `spike_error` (what a spike in this step would change of the loss by way of its targets and of the
        regularisation of spike counts).
    """

    kept: tuple[str, ...]
    back_code: str


@dataclass(frozen=True)
class EligibilityProgram:
    """Code of a population for e-prop; see `genn_shd.eventprop.schemes.eprop`.

    Attributes
    ----------
    kept : state variables whose values just before a reset are read.
    neuron : name -> expression of one neuron in one step, which all of its synapses share. Names: `kept`, `fired` (1 in
        steps with a spike, else 0).
    traces : names of a synapse's traces, all zero at the start of a trial.
    trace_code : a synapse's traces over one step, after arrivals have been added; assigns `eligibility`, the derivative
        by the weight of the spike of this step, or of the voltage at its end where the population never spikes. Names:
        the traces, `neuron`.
    """

    kept: tuple[str, ...]
    neuron: dict[str, str]
    traces: tuple[str, ...]
    trace_code: str


@dataclass(frozen=True)
class PopulationProgram:
    """Code of one population that is not a source.

    Attributes
    ----------
    name, size : of the population.
    state : state variable -> value at the start of a trial.
    parameters, coefficients : names of the per-neuron run-time values that code may use.
    receives : the state variable to which arriving spikes add their weights, at the start of a step.
    advance_code : the neuron's state over one step.
    spike : what follows where the neuron spikes; None if it never does.
    decay_code : the synapse's state over one step, after spikes are dealt with.
    adjoint : adjoint variables, zero at the end of a trial.
    drive_code : backward, outputs; lets the loss act at the end of a step. Name: `drive` = d(loss)/dV. Where the
        loss reads the mean voltage, the adjoint is from then on relative to where the drive would settle it.
    adjoint_code : backward; the adjoint over one step; for such a loss followed by the way back from the steady
        adjoint, `drive` still being known.
    mean_code : forward, outputs; expression of the mean voltage over the step. Names: the state, and in the exact
        scheme `start_V`, `start_I` (at the step's start) and `arrived` (the sum of weights that arrived in it; without
        closed form, what they add to the mean).
    steady_state : for such a loss, adjoint variable -> where a drive of 1 settles it, as a coefficient, or without
        closed form, what a drive of -1 adds to it over a step; else empty.
    feedback, weight_gradient : expressions of the adjoint at the start of the step in which a spike arrives: what it
        sends back to its sender per unit weight, and its part of the gradient of the weight.
    propagator : coefficient -> expression of the span `r` (ms), coefficients that do not depend on it and entries
        before it, for schemes that integrate over parts of a step. `coupled(r, E, F, gap, a, a / gap)` stands for
        a (E - F) / gap, finite where gap = 0; E and F are exponentials of -r times two rates that differ by gap.
    series : the entries that `propagator` does not give; None where it gives all.
    trained : None where none of the population's parameters are.
    public_names : name in code -> name that users see, of variables and parameters where they differ.
    flow : where the dynamics are not linear; the state at the start of every step, arrivals included, is then kept for
        the backward pass: `adjoint_code` and `feedback` read it, and `by_THETA`, declared before, takes what a step
        or a spike adds to the gradient of a trained parameter.
    surrogate : for surrogate gradients, what replaces `adjoint_code` where the population spikes; else None.
    eligibility : for e-prop, what replaces the adjoint; else None.
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

    def to_public_name(self, name: str) -> str:
        """The name that users see of a state, an adjoint or a parameter in code."""
        return self.public_names.get(name, name)

    @property
    def visible_state(self) -> tuple[str, ...]:
        """The state variables that mean something to users."""
        return self.adjoint_state if self.flow else tuple(self.state)

    @property
    def adjoint_state(self) -> tuple[str, ...]:
        """The state variables that have an adjoint, in its order."""
        return tuple(x.removeprefix("lambda_") for x in self.adjoint)

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of the entries of the propagator over a part of a step, those of the series first."""
        return (*(self.series.squares if self.series else ()), *self.propagator)

    @property
    def forward_entries(self) -> tuple[str, ...]:
        """The entries that the state needs, without those of its adjoint alone."""
        read = find_names(self.advance_code, self.decay_code)
        return tuple(name for name in self.entries if name in read)

    @property
    def arrival_effects(self) -> dict[str, str]:
        """States that an arrival changes by the end of a step, with their adjoints, in the order of `ArrivalTerms`."""
        pairs = {x: f"lambda_{x}" for x in self.state if f"{x}_from_{self.receives}" in self.entries}
        return {**pairs, "arrived": "drive"} if self.steady_state else pairs

    @property
    def values(self) -> tuple[str, ...]:
        """Names of all per-neuron run-time values."""
        return self.parameters + self.coefficients


@dataclass(frozen=True)
class ArrivalTerms:
    """The effect at the end of a step of a spike that arrives d ms after its start, as a sum of K terms.

    Each is a function of d times a number of the neuron: effect (d, e, j) = sum over k: phi_k(d) gains[k, e, j].

    Attributes
    ----------
    times : (K, order) Chebyshev series of phi_k in 2 d / dt - 1.
    derivatives : (R, order) of the derivatives by d, 1/ms, of the first R <= K.
    gains : (K, effects, N). Effects: the states that an arrival changes, in the state's order; where the loss drives
        the population throughout a step, the sum of the weights that arrived; the derivatives that it reaches of the
        state by trained parameters, which alone need more than R terms.
    returns : (R, adjoints, N), backward: dL/dw at d is the sum of phi_k(d) returns[k, e, j] (adjoint of effect e at
        the step's end), that of the sum of weights being `drive`; its derivative by d, times w, goes back to its
        sender.
    reversible : whether the adjoint can be followed from inside the step to its end without loss of precision.
    """

    times: np.ndarray
    derivatives: np.ndarray
    gains: np.ndarray
    returns: np.ndarray
    reversible: bool

    @property
    def rates(self) -> np.ndarray:
        """(R, adjoints, N), as `returns`, for the derivative of dL/dw by d.

        Derivatives of exponentials are exponentials, so those of the first R functions are combinations of these.
        """
        count, order = self.derivatives.shape
        nodes = np.cos(np.pi * (np.arange(order) + 0.5) / order)
        functions, derivatives = (chebyshev.chebval(nodes, s.T) for s in (self.times[:count], self.derivatives))
        combined = np.linalg.lstsq(functions.T, derivatives.T, rcond=None)[0]  # (functions, derivatives)
        return np.einsum("lk,kan->lan", combined, self.returns)


@dataclass(frozen=True)
class Program:
    """Code of a whole network under one scheme.

    Attributes
    ----------
    scheme : name of the time-stepping scheme.
    network : the description it was made from, in the names that users see.
    weight_time : time within a step, as a part of it, at which the loss's weight w(t) is taken.
    input_activity : (samples, number of steps, dt, tau, gain) -> (B, steps) activity of their input in each step, see
        `genn_shd.eventprop.schemes.input_activity`.
    populations : in the network's order, without the source.
    loss : of the network, in names for code.
    connections : of the network.
    evaluate_coefficients : (population name, parameter values, dt) -> the coefficients' values, float64, (N,) each.
    arrivals : (population name, parameter values, dt, precision) -> the terms of arrivals inside steps; None where they
        are at its start.
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
        values : of the population's parameters, by the names that users see.
        dt : ms.
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
