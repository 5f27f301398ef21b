"""EventProp: the adjoint of a network, derived from its definitions.

Between spikes the state x of a neuron and its synapse obeys x' = A x + b, with A and b read off the definitions.
At a spike g(x) = 0 and x jumps to r(x). With p = dL/dx, the adjoint obeys p' = -A^T p between spikes, and at a
spike of a neuron

    p(-) = J^T p(+) - (grad g / (grad g . f(-))) D
    D    = p(+) . (J f(-) - f(+)) + feedback + spike_drive

where f is x' just before and after, J = dr/dx, `feedback` collects what the spike does to its targets and
`spike_drive` is the explicit derivative of the loss by the spike's time. Stated in the field's scaled variables
lambda_x = -p_x / s_x, s_x = -1/A_xx (the variable's own time constant), this is equation by equation that of
Wunderlich & Pehle, Sci. Rep. 11, 12829 (2021). `docs/theory/eventprop.md` derives it.

Nothing here knows about time steps: a scheme (`genn_shd.eventprop.schemes`) turns the result into code.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import sympy

from ..errors import SettingError
from ..network.expressions import parse, symbol
from ..network.network import Network, Population
from .flow import is_linear, read_dynamics

FEEDBACK = symbol("feedback")
SPIKE_DRIVE = symbol("spike_drive")
SLOPE = symbol("slope")


def adjoint_name(state: str) -> str:
    """Name of the adjoint of a state variable."""
    return f"lambda_{state}"


@dataclass(frozen=True)
class SpikeEvent:
    """The event of a spike of a neuron, forward and backward.

    Attributes
    ----------
    threshold : the neuron spikes where this expression reaches zero from below.
    reset : state variable -> its value after the spike.
    tape : name -> expression of the state just before the spike; all that the backward pass needs to know. `slope`
        is the threshold's rate of change times the time constant s of the threshold's variable (for LIF: I - V).
    jump : adjoint variable -> its value before the spike in terms of those after it, the tape, `feedback` and
        `spike_drive`.
    variable : the state variable that the threshold watches.
    """

    threshold: sympy.Expr
    reset: dict[str, sympy.Expr]
    tape: dict[str, sympy.Expr]
    jump: dict[str, sympy.Expr]
    variable: str


@dataclass(frozen=True)
class Dynamics:
    """A population's dynamics and adjoint in continuous time.

    Attributes
    ----------
    population : the description.
    neuron_state, synapse_state : names of state variables, in this order in `matrix` and `drift`.
    matrix, drift : A (n, n) and b (n) of x' = A x + b, per ms.
    scales : state variable -> s_x, ms.
    event : None where the population never spikes.
    feedback : what a spike arriving here sends back to its sender, per unit weight (for LIF: lambda_V - lambda_I).
    weight_gradient : dL/dw of one arriving spike (for LIF: -tau_syn lambda_I).
    steady_state : adjoint variable -> -1 times where it settles under a constant drive dl/dV = 1 per ms (for LIF: 1
        each).
        Relative to it, a driven adjoint obeys the same equations as one that is not driven.
    """

    population: Population
    neuron_state: tuple[str, ...]
    synapse_state: tuple[str, ...]
    matrix: sympy.Matrix
    drift: sympy.Matrix
    scales: dict[str, sympy.Expr]
    event: SpikeEvent | None
    feedback: sympy.Expr
    weight_gradient: sympy.Expr
    steady_state: dict[str, sympy.Expr]

    @property
    def state(self) -> tuple[str, ...]:
        return self.neuron_state + self.synapse_state

    @functools.cached_property
    def entries(self) -> dict[tuple[int, int], sympy.Expr]:
        """(row, column) -> entry of A, those that are not zero."""
        n = range(len(self.state))
        return {(i, j): self.matrix[i, j] for i in n for j in n if self.matrix[i, j] != 0}

    @functools.cached_property
    def coupled(self) -> np.ndarray:
        """(n, n) bool: entries of exp(A r) that are not zero, the transitive closure of A's."""
        a = np.eye(len(self.state), dtype=bool)
        for i, j in self.entries:
            a[i, j] = True
        for _ in self.state:
            a = (a.astype(int) @ a.astype(int)) > 0
        return a


def derive(network: Network) -> tuple[Dynamics, ...]:
    """Dynamics and adjoint of every population with linear dynamics, in the network's order."""
    return tuple(_population_dynamics(p) for p in network.populations[1:] if is_linear(p))


def _population_dynamics(population: Population) -> Dynamics:
    neuron, synapse = population.neuron, population.synapse
    assert neuron is not None and synapse is not None
    state = (*neuron.state, *synapse.state)
    flow = sympy.Matrix(list(read_dynamics(population).values()))
    x = sympy.Matrix([symbol(name) for name in state])
    matrix = flow.jacobian(x).applyfunc(sympy.simplify)
    drift = (flow - matrix * x).applyfunc(sympy.simplify)
    scales = _scales(population, state, matrix)
    # p and f in terms of the scaled adjoint; an arrival adds w to one variable, so f jumps by A's column of it.
    p = sympy.Matrix([-scales[name] * symbol(adjoint_name(name)) for name in state])
    received = state.index(synapse.receives)
    return Dynamics(
        population=population,
        neuron_state=tuple(neuron.state),
        synapse_state=tuple(synapse.state),
        matrix=matrix,
        drift=drift,
        scales=scales,
        event=_spike_event(population, x, matrix * x + drift, p, scales) if neuron.spiking else None,
        feedback=sympy.expand(-(p.T * matrix[:, received])[0]),
        weight_gradient=p[received],
        steady_state=_steady_state(state, matrix, scales),
    )


def _steady_state(state: tuple[str, ...], matrix: sympy.Matrix, scales: dict[str, sympy.Expr]) -> dict[str, sympy.Expr]:
    """Where A^T p + e_V = 0; losses read V, the neuron's first state variable."""
    drive = sympy.Matrix([1] + [0] * (len(state) - 1))
    p = -(matrix.T).inv() * drive
    return {adjoint_name(x): sympy.simplify(p[i] / scales[x]) for i, x in enumerate(state)}


def _scales(population: Population, state: tuple[str, ...], matrix: sympy.Matrix) -> dict[str, sympy.Expr]:
    scales = {}
    for i, name in enumerate(state):
        if matrix[i, i] == 0:
            raise SettingError(f"population {population.name!r}: {name} has no leak, so it has no time constant.")
        scales[name] = sympy.simplify(-1 / matrix[i, i])
    return scales


def _spike_event(
    population: Population,
    x: sympy.Matrix,
    flow: sympy.Matrix,
    p: sympy.Matrix,
    scales: dict[str, sympy.Expr],
) -> SpikeEvent:
    neuron = population.neuron
    assert neuron is not None and neuron.threshold is not None
    names = {*(s.name for s in x), *population.parameters}
    threshold = parse(neuron.threshold, names)
    reset = {name: parse(text, names) for name, text in neuron.reset.items()}
    gradient = sympy.Matrix([threshold.diff(s) for s in x])
    watched = next((s for s, g in zip(x, gradient, strict=True) if g != 0), None)
    if watched is None:
        raise SettingError(f"{neuron.name}: the threshold {neuron.threshold!r} does not depend on the state.")
    after = sympy.Matrix([reset.get(s.name, s) for s in x])
    flow_after = flow.subs(dict(zip(x, after, strict=True)), simultaneous=True)
    jacobian = after.jacobian(x)
    slope = sympy.expand(scales[watched.name] * (gradient.T * flow)[0])
    change = (p.T * (jacobian * flow - flow_after))[0] + FEEDBACK + SPIKE_DRIVE
    before = jacobian.T * p - gradient * scales[watched.name] / SLOPE * change
    jump = {
        adjoint_name(s.name): _on_the_tape(-before[i] / scales[s.name], threshold, slope, watched, x)
        for i, s in enumerate(x)
        if sympy.simplify(before[i] - p[i]) != 0
    }
    return SpikeEvent(
        threshold=threshold,
        reset=reset,
        tape={"slope": slope, **_leftover_state(jump, x)},
        jump=jump,
        variable=watched.name,
    )


def _on_the_tape(
    jump: sympy.Expr, threshold: sympy.Expr, slope: sympy.Expr, watched: sympy.Symbol, x: sympy.Matrix
) -> sympy.Expr:
    """State the jump in what the tape holds: the threshold fixes one state variable, the slope another."""
    at_threshold = sympy.solve(threshold, watched)[0]
    jump = jump.subs(watched, at_threshold)
    remaining = slope.subs(watched, at_threshold)
    driving = next((s for s in reversed(list(x)) if remaining.has(s)), None)
    if driving is not None:
        jump = jump.subs(driving, sympy.solve(remaining - SLOPE, driving)[0])
    return sympy.collect(sympy.expand(jump), 1 / SLOPE)


def _leftover_state(jump: dict[str, sympy.Expr], x: sympy.Matrix) -> dict[str, sympy.Expr]:
    used = set().union(*(e.free_symbols for e in jump.values()))
    return {s.name: s for s in x if s in used}
