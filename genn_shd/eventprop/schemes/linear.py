"""Exact integration of linear dynamics: the code and coefficients that all schemes share.

Over a span r without events, the state is multiplied by exp(A r), and in the backward pass the scaled adjoint by its
scaled transpose. Names of entries in code: `V_from_I` is the factor of I before the span in V after it,
`lambda_I_from_lambda_V` the same for the adjoint in the backward pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy

from ...network.expressions import evaluate, make_symbol, to_code
from ...network.network import Network
from ..adjoint import Dynamics, SpikeEvent, name_adjoint
from ..program import PopulationProgram, SeriesProgram, SpikeProgram, TrainedProgram, Values
from ..sensitivity import Sensitivity

DRIFT = "drift"


@dataclass(frozen=True)
class ClosedForm:
    """`propagator`, `series`, `mean_code` and `trained` of a `PopulationProgram`, and names of their coefficients."""

    propagator: dict[str, str] = field(default_factory=dict)
    coefficients: Sequence[str] = ()
    mean_code: str = ""
    trained: TrainedProgram | None = None
    series: SeriesProgram | None = None


@dataclass(frozen=True)
class Drive:
    """Drive of the adjoint during a step by a loss that reads the mean voltage.

    Attributes
    ----------
    coefficients : adjoint variable -> name of the coefficient of the drive.
    at_end : code at the end of a step, before its adjoint step.
    at_start : code after the adjoint step.
    """

    coefficients: dict[str, str] = field(default_factory=dict)
    at_end: str = ""
    at_start: str = ""


def build_population_programs(
    network: Network,
    dynamics: Mapping[str, Dynamics],
    closed_forms: Mapping[str, ClosedForm],
    trained: Mapping[str, Sensitivity],
) -> tuple[PopulationProgram, ...]:
    """Build the programs of all populations.

    Parameters
    ----------
    network : the description.
    dynamics : population -> its dynamics.
    closed_forms : population -> its closed form, for schemes that need it.
    trained : population -> its sensitivity, if this is part of the state.
    """
    driven = find_driven_population(network)
    return tuple(
        _build_population_program(
            d, trained.get(name), write_drive(d) if name == driven else Drive(), closed_forms.get(name, ClosedForm())
        )
        for name, d in dynamics.items()
    )


def sort_programs(
    network: Network, linear: Sequence[PopulationProgram], others: Mapping[str, PopulationProgram]
) -> tuple[PopulationProgram, ...]:
    """Return the programs of linear populations and of others, in the order of the network."""
    programs = {**{p.name: p for p in linear}, **others}
    return tuple(programs[p.name] for p in network.populations[1:])


def find_driven_population(network: Network) -> str | None:
    """Return the name of the population whose mean voltage the loss reads, or None."""
    return network.output.name if network.loss.reads == "mean_voltage" else None


def _build_population_program(
    d: Dynamics, sensitivity: Sensitivity | None, driven: Drive, closed_form: ClosedForm
) -> PopulationProgram:
    neuron, synapse = d.population.neuron, d.population.synapse
    assert neuron is not None and synapse is not None
    ahead = sensitivity.dynamics if sensitivity else d
    first = list_advanced_first(ahead)
    return PopulationProgram(
        name=d.population.name,
        size=d.population.size,
        state={**dict.fromkeys(ahead.state, 0.0), **neuron.state, **synapse.state},
        parameters=tuple(d.population.parameters),
        coefficients=(*list_coefficients(d, ahead), *driven.coefficients.values(), *closed_form.coefficients),
        receives=synapse.receives,
        advance_code=assign({x: advance(x, ahead) for x in first}),
        spike=_build_spike_program(d, ahead.event) if ahead.event is not None else None,
        decay_code=assign({x: advance(x, ahead) for x in ahead.state if x not in first}),
        adjoint=tuple(name_adjoint(x) for x in d.state),
        drive_code=driven.at_end if driven.coefficients else _write_drive_of_step(d),
        adjoint_code=" ".join([assign({name_adjoint(x): _retreat(x, d) for x in d.state}), driven.at_start]).strip(),
        steady_state=driven.coefficients,
        mean_code=closed_form.mean_code or d.neuron_state[0],
        feedback=to_code(d.feedback),
        weight_gradient=to_code(d.weight_gradient),
        propagator=closed_form.propagator,
        trained=_build_trained_program(sensitivity) if sensitivity else closed_form.trained,
        series=closed_form.series,
    )


def list_advanced_first(d: Dynamics) -> tuple[str, ...]:
    """List the state variables that advance before the threshold is checked; the others advance after the reset.

    These are the variables of the neuron; or all, if the neuron drives its synapse, as the synapse needs the state of
    the neuron before the step.
    """
    neurons = len(d.neuron_state)
    return d.state if d.coupled[neurons:, :neurons].any() else d.neuron_state


def _build_trained_program(sensitivity: Sensitivity) -> TrainedProgram:
    spikes = sensitivity.dynamics.event is not None
    return TrainedProgram(
        spike_gradient={theta: to_code(e) for theta, e in sensitivity.spike_gradient.items()},
        read={} if spikes else {theta: to_code(e) for theta, e in sensitivity.read.items()},
    )


def name_propagator(x: str, y: str) -> str:
    """Return the name of the entry of exp(A r), or of its scaled transpose, from y to x."""
    return f"{x}_from_{y}"


def _name_impulse(x: str) -> str:
    return f"impulse_{x}"


def list_coefficients(d: Dynamics, ahead: Dynamics) -> list[str]:
    """List the names of all coefficients of a population in a fixed order.

    `ahead` are the dynamics in the forward pass: those of the state and, for trained parameters, of its derivatives.
    """
    forward = [name_propagator(x, y) for x, y in list_coupled_pairs(ahead)]
    drift = [name_propagator(x, DRIFT) for x in list_driven_states(ahead)]
    backward = [name_propagator(name_adjoint(y), name_adjoint(x)) for x, y in list_coupled_pairs(d) if x != y]
    return [*forward, *drift, *backward, _name_impulse(d.neuron_state[0])]


def advance_to_threshold(d: Dynamics) -> dict[str, sympy.Expr]:
    """Write each state variable at the check of the threshold in terms of those after arrivals."""
    first = list_advanced_first(d)
    return {x: advance(x, d) if x in first else make_symbol(x) for x in d.state}


def advance_to_end(d: Dynamics) -> dict[str, sympy.Expr]:
    """Write each state variable at the end of a step in terms of those after resets."""
    first = list_advanced_first(d)
    return {x: make_symbol(x) if x in first else advance(x, d) for x in d.state}


def find_receiver(d: Dynamics) -> str:
    """Return the state variable to which weights are added."""
    assert d.population.synapse is not None
    return d.population.synapse.receives


def list_receivers(d: Dynamics) -> list[str]:
    """List the state variables that an arrival changes, at once or within the step."""
    received = d.state.index(find_receiver(d))
    return [x for i, x in enumerate(d.state) if d.coupled[i, received]]


def list_coupled_pairs(d: Dynamics) -> list[tuple[str, str]]:
    """List the pairs of states (x, y) for which y has an effect on x, including x = y."""
    return [(x, y) for i, x in enumerate(d.state) for j, y in enumerate(d.state) if d.coupled[i, j]]


def list_driven_states(d: Dynamics) -> list[str]:
    """List the state variables that depend on the constant part b of the dynamics."""
    return [x for i, x in enumerate(d.state) if any(d.coupled[i, j] for j in d.drives)]


def advance(x: str, d: Dynamics) -> sympy.Expr:
    """Write a state variable after a step in terms of the state before it."""
    i = d.state.index(x)
    terms = [make_symbol(name_propagator(x, y)) * make_symbol(y) for j, y in enumerate(d.state) if d.coupled[i, j]]
    if x in list_driven_states(d):
        terms.append(make_symbol(name_propagator(x, DRIFT)))
    return sympy.Add(*terms)


def _retreat(y: str, d: Dynamics) -> sympy.Expr:
    j = d.state.index(y)
    terms = []
    for i, x in enumerate(d.state):
        if d.coupled[i, j]:
            name = name_propagator(x, y) if x == y else name_propagator(name_adjoint(y), name_adjoint(x))
            terms.append(make_symbol(name) * make_symbol(name_adjoint(x)))
    return sympy.Add(*terms)


def assign(updates: dict[str, sympy.Expr]) -> str:
    """Write code that assigns all values at once, with temporaries if an update reads a variable of another."""
    changed = {x: e for x, e in updates.items() if e != make_symbol(x)}
    if len(changed) == 1:
        return "".join(f"{x} = {to_code(e)};" for x, e in changed.items())
    new = [f"const scalar {x}_next = {to_code(e)};" for x, e in changed.items()]
    return " ".join([*new, *(f"{x} = {x}_next;" for x in changed)])


def write_drive(d: Dynamics) -> Drive:
    """Write the code of the drive: the adjoint relative to its steady state has no drive.

    States without leak have no steady state; for these, the effect of the drive over a step is added.
    """
    if not d.is_pairwise:
        names = {name_adjoint(x): f"driven_{name_adjoint(x)}" for i, x in enumerate(d.state) if d.coupled[0, i]}
        return Drive(names, at_start=_add_drive(names, "-="))
    names = {x: f"steady_{x}" for x, value in d.steady_state.items() if value != 0}
    return Drive(names, at_end=_add_drive(names, "+="), at_start=_add_drive(names, "-="))


def _add_drive(names: dict[str, str], operator: str) -> str:
    return " ".join(f"{x} {operator} {coefficient} * drive;" for x, coefficient in names.items())


def evaluate_drive(d: Dynamics, values: Values, dt: float) -> dict[str, np.ndarray]:
    """Compute the coefficients of `write_drive`, (N,) float64; during a step, dl/dV = drive / dt."""
    distinct, where = find_distinct_neurons(d, values)
    if d.is_pairwise:
        steady = {f"steady_{x}": evaluate(value, distinct) / dt for x, value in d.steady_state.items() if value != 0}
        return {name: np.broadcast_to(value, where.max() + 1)[where] for name, value in steady.items()}
    mean, _ = compute_mean_over_step(d, distinct, dt)
    scale = {x: np.broadcast_to(evaluate(s, distinct), where.max() + 1) for x, s in d.scales.items()}
    return {
        f"driven_{name_adjoint(x)}": (mean[:, i] / scale[x])[where] for i, x in enumerate(d.state) if d.coupled[0, i]
    }


def _write_drive_of_step(d: Dynamics) -> str:
    """Write code that adds dL/dV to p_V = -s_V lambda_V; losses read V, the first state variable of the neuron."""
    x = d.neuron_state[0]
    return f"{name_adjoint(x)} -= {_name_impulse(x)} * drive;"


def is_reset_below(d: Dynamics, event: SpikeEvent) -> bool:
    """Whether the reset of a neuron at rest is below its threshold, with the default values of the definition."""
    values = {make_symbol(name): parameter.default for name, parameter in d.population.parameters.items()}
    at_rest = {make_symbol(x): 0.0 for x in d.state}
    return bool(event.after.subs(values).subs(at_rest) < 0)


def _build_spike_program(d: Dynamics, event: SpikeEvent) -> SpikeProgram:
    return SpikeProgram(
        threshold=to_code(event.threshold),
        from_below=not is_reset_below(d, event),
        threshold_rate=to_code(make_symbol("slope") / d.scales[event.variable]),
        tape={name: to_code(e) for name, e in event.tape.items()},
        reset_code=assign(event.reset),
        jump_code=f"{assign(event.jump)} {name_adjoint(event.variable)} += count_signal;",
    )


def evaluate_coefficients(
    d: Dynamics, values: Values, dt: float, ahead: Dynamics | None = None
) -> dict[str, np.ndarray]:
    """Compute all coefficients, (N,) float64, from parameter values (N,)."""
    ahead = ahead or d
    distinct, where = find_distinct_neurons(d, values)
    propagator, drift = propagate(ahead, distinct, dt)
    scale = {x: np.broadcast_to(evaluate(s, distinct), where.max() + 1) for x, s in d.scales.items()}
    index = {x: i for i, x in enumerate(ahead.state)}
    result = {name_propagator(x, y): propagator[:, index[x], index[y]] for x in index for y in index}
    result |= {name_propagator(x, DRIFT): drift[:, i] for x, i in index.items()}
    for x in d.state:
        for y in d.state:
            backward = scale[x] / scale[y] * propagator[:, index[x], index[y]]
            result[name_propagator(name_adjoint(y), name_adjoint(x))] = backward
        result[_name_impulse(x)] = 1.0 / scale[x]
    return {name: result[name][where] for name in list_coefficients(d, ahead)}


def find_distinct_neurons(d: Dynamics, values: Values) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return parameter values of the K different neurons, and their index for each neuron; often K = 1."""
    names = list(d.population.parameters)
    rows, where = np.unique(np.stack([values[n] for n in names], axis=1), axis=0, return_inverse=True)
    return dict(zip(names, rows.T, strict=True)), where.ravel()


def propagate(d: Dynamics, values: Values, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Compute exp(A dt), (K, n, n), and the contribution of b over a step, (K, n), for parameter values of K neurons.

    The matrix exponential needs no closed form and no special case for equal time constants.
    """
    exponential = compute_exponentials(evaluate_driven_matrix(d, values) * dt)
    return exponential[:, :-1, :-1], exponential[:, :-1, -1]


def compute_mean_over_step(d: Dynamics, values: Values, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Compute the mean of V over a step without events, per unit of each state at its start, (K, n), and of b, (K,)."""
    driven = evaluate_driven_matrix(d, values)
    count, n, _ = driven.shape
    with_mean = np.zeros((count, n + 1, n + 1))
    with_mean[:, :n, :n] = driven
    with_mean[:, n, 0] = 1.0 / dt
    row = compute_exponentials(with_mean * dt)[:, n]
    return row[:, : n - 1], row[:, n - 1]


def compute_exponentials(matrices: np.ndarray) -> np.ndarray:
    """Compute exp of K matrices, (K, n, n), together: by the series for 2^-k times the matrix, squared k times.

    Libraries compute one matrix at a time, which is slow for trained time constants that change in every batch.
    """
    largest = float(np.abs(matrices).sum(axis=-1).max(initial=0.0))
    squarings = max(0, int(np.ceil(np.log2(max(largest, 0.25) / 0.25))))
    part = matrices / 2.0**squarings
    term = result = np.broadcast_to(np.eye(matrices.shape[-1]), matrices.shape)
    for k in range(1, 14):  # 0.25^13 / 13! is below rounding
        term = term @ part / k
        result = result + term
    for _ in range(squarings):
        result = result @ result
    return result


def evaluate_system_matrix(d: Dynamics, values: Values) -> np.ndarray:
    """Compute A, (K, n, n), for parameter values of K neurons."""
    n = len(d.state)
    matrix = np.zeros((len(next(iter(values.values()))), n, n))
    for (i, j), entry in d.entries.items():
        matrix[:, i, j] = evaluate(entry, values)
    return matrix


def evaluate_driven_matrix(d: Dynamics, values: Values) -> np.ndarray:
    """Compute A with b as the column of a state that is always 1, (K, n + 1, n + 1), for K neurons."""
    matrix = evaluate_system_matrix(d, values)
    count, n, _ = matrix.shape
    result = np.zeros((count, n + 1, n + 1))
    result[:, :n, :n] = matrix
    for i, b in d.drives.items():
        result[:, i, -1] = evaluate(b, values)
    return result
