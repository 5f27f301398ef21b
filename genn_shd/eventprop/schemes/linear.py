"""Exact integration of linear dynamics: the code and coefficients that all schemes share.

Over a span r without events, the state advances by exp(A r) and the scaled adjoint goes back by its scaled transpose.
Code names the entries: `V_from_I` is the part of V after the span that comes from I before it,
`lambda_I_from_lambda_V` the same of the adjoint, going back.
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
    """`propagator`, `series`, `mean_code` and `trained` as in `PopulationProgram`, and the names of the coefficients
    that they need."""

    propagator: dict[str, str] = field(default_factory=dict)
    coefficients: Sequence[str] = ()
    mean_code: str = ""
    trained: TrainedProgram | None = None
    series: SeriesProgram | None = None


@dataclass(frozen=True)
class Drive:
    """Drive of the adjoint throughout a step by a loss that reads the mean voltage.

    Attributes
    ----------
    coefficients : adjoint variable -> name of the coefficient of the drive.
    at_end : code where the loss acts, at the end of a step.
    at_start : code after the adjoint has gone back over the step.
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
    """The programs of all populations; `closed_forms` by population, for schemes that need them; `trained`, for
    populations with trained parameters whose sensitivity is to advance as part of the state."""
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
    """Programs of linear populations and of others, in the network's order."""
    programs = {**{p.name: p for p in linear}, **others}
    return tuple(programs[p.name] for p in network.populations[1:])


def find_driven_population(network: Network) -> str | None:
    """Name of the population whose mean voltage the loss reads."""
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
    """List the state variables that advance before the threshold is looked at, the others follow after the reset.

    These are the neuron's; where the neuron drives its synapse, all, as the synapse needs the neuron's state before
    the step.
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
    """Name of the entry of exp(A r), or of its scaled transpose, that leads from y to x."""
    return f"{x}_from_{y}"


def _name_impulse(x: str) -> str:
    return f"impulse_{x}"


def list_coefficients(d: Dynamics, ahead: Dynamics) -> list[str]:
    """Names of all coefficients of a population, in a fixed order; `ahead` is what advances, the state and what goes
    with it."""
    forward = [name_propagator(x, y) for x, y in list_coupled_pairs(ahead)]
    drift = [name_propagator(x, DRIFT) for x in list_driven_states(ahead)]
    backward = [name_propagator(name_adjoint(y), name_adjoint(x)) for x, y in list_coupled_pairs(d) if x != y]
    return [*forward, *drift, *backward, _name_impulse(d.neuron_state[0])]


def advance_to_threshold(d: Dynamics) -> dict[str, sympy.Expr]:
    """Write each state variable as it is where the threshold is looked at, in terms of those after arrivals."""
    first = list_advanced_first(d)
    return {x: advance(x, d) if x in first else make_symbol(x) for x in d.state}


def advance_to_end(d: Dynamics) -> dict[str, sympy.Expr]:
    """Write each state variable at the end of a step in terms of those after resets."""
    first = list_advanced_first(d)
    return {x: make_symbol(x) if x in first else advance(x, d) for x in d.state}


def find_receiver(d: Dynamics) -> str:
    """The state variable that arrivals change."""
    assert d.population.synapse is not None
    return d.population.synapse.receives


def list_receivers(d: Dynamics) -> list[str]:
    """The state that arrivals change at once, and those that follow within the step."""
    received = d.state.index(find_receiver(d))
    return [x for i, x in enumerate(d.state) if d.coupled[i, received]]


def list_coupled_pairs(d: Dynamics) -> list[tuple[str, str]]:
    """Pairs of states (x, y) where y has an effect on x, itself included."""
    return [(x, y) for i, x in enumerate(d.state) for j, y in enumerate(d.state) if d.coupled[i, j]]


def list_driven_states(d: Dynamics) -> list[str]:
    """State variables that the constant part b of the dynamics reaches."""
    return [x for i, x in enumerate(d.state) if any(d.coupled[i, j] for j in d.drives)]


def advance(x: str, d: Dynamics) -> sympy.Expr:
    """A state variable after a step, in terms of the state before it."""
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
    """Code that assigns all at once: through temporaries where an update reads what another one writes."""
    changed = {x: e for x, e in updates.items() if e != make_symbol(x)}
    if len(changed) == 1:
        return "".join(f"{x} = {to_code(e)};" for x, e in changed.items())
    new = [f"const scalar {x}_next = {to_code(e)};" for x, e in changed.items()]
    return " ".join([*new, *(f"{x} = {x}_next;" for x in changed)])


def write_drive(d: Dynamics) -> Drive:
    """The code: relative to where a constant drive settles it, the adjoint is not driven; where states that do not
    leak never settle, what the drive adds to it over a step."""
    if not d.is_pairwise:
        names = {name_adjoint(x): f"driven_{name_adjoint(x)}" for i, x in enumerate(d.state) if d.coupled[0, i]}
        return Drive(names, at_start=_add_drive(names, "-="))
    names = {x: f"steady_{x}" for x, value in d.steady_state.items() if value != 0}
    return Drive(names, at_end=_add_drive(names, "+="), at_start=_add_drive(names, "-="))


def _add_drive(names: dict[str, str], operator: str) -> str:
    return " ".join(f"{x} {operator} {coefficient} * drive;" for x, coefficient in names.items())


def evaluate_drive(d: Dynamics, values: Values, dt: float) -> dict[str, np.ndarray]:
    """Values of the coefficients of `write_drive`, (N,) float64; throughout a step, dl/dV = drive / dt."""
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
    """dL/dV adds to p_V = -s_V lambda_V; losses read V, the neuron's first state variable."""
    x = d.neuron_state[0]
    return f"{name_adjoint(x)} -= {_name_impulse(x)} * drive;"


def is_reset_below(d: Dynamics, event: SpikeEvent) -> bool:
    """Whether the reset leaves a neuron below its threshold, with the definition's own values, from a state at rest."""
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
    """Values of all coefficients, (N,) float64, from the parameters' (N,) values."""
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
    """Parameter values of the K distinct neurons, and which of them each neuron is: most populations have K = 1."""
    names = list(d.population.parameters)
    rows, where = np.unique(np.stack([values[n] for n in names], axis=1), axis=0, return_inverse=True)
    return dict(zip(names, rows.T, strict=True)), where.ravel()


def propagate(d: Dynamics, values: Values, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """exp(A dt), (K, n, n), and the step's contribution of b, (K, n), for K neurons' parameter values.

    The matrix exponential needs no closed form and has no limit to take where two time constants meet.
    """
    exponential = compute_exponentials(evaluate_driven_matrix(d, values) * dt)
    return exponential[:, :-1, :-1], exponential[:, :-1, -1]


def compute_mean_over_step(d: Dynamics, values: Values, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """The mean of V over a step without events, per unit of each state at its start, (K, n), and of b, (K,)."""
    driven = evaluate_driven_matrix(d, values)
    count, n, _ = driven.shape
    with_mean = np.zeros((count, n + 1, n + 1))
    with_mean[:, :n, :n] = driven
    with_mean[:, n, 0] = 1.0 / dt
    row = compute_exponentials(with_mean * dt)[:, n]
    return row[:, : n - 1], row[:, n - 1]


def compute_exponentials(matrices: np.ndarray) -> np.ndarray:
    """exp of each of K matrices, (K, n, n), all at once: by its series, for a part 2^-k of them, squared k times.

    Libraries take them one by one, which trained time constants, all different and new in every batch, would wait for.
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
    """A, (K, n, n), for K neurons' parameter values."""
    n = len(d.state)
    matrix = np.zeros((len(next(iter(values.values()))), n, n))
    for (i, j), entry in d.entries.items():
        matrix[:, i, j] = evaluate(entry, values)
    return matrix


def evaluate_driven_matrix(d: Dynamics, values: Values) -> np.ndarray:
    """A with b as the column of a state that stays 1, (K, n + 1, n + 1), for K neurons' parameter values."""
    matrix = evaluate_system_matrix(d, values)
    count, n, _ = matrix.shape
    result = np.zeros((count, n + 1, n + 1))
    result[:, :n, :n] = matrix
    for i, b in d.drives.items():
        result[:, i, -1] = evaluate(b, values)
    return result
