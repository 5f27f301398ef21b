"""EventProp: the adjoint of a network, derived from its definitions.

Between spikes the state x of a neuron and its synapse obeys x' = A x + b, with A and b read off the definitions.
At a spike g(x) = 0 and x jumps to r(x). With p = dL/dx, the adjoint obeys p' = -A^T p between spikes, and at a
spike of a neuron

    p(-) = J^T p(+) - (grad g / (grad g . f(-))) D
    D    = p(+) . (J f(-) - f(+)) + feedback + spike_drive

where f is x' just before and after, J = dr/dx, `feedback` is the derivative of the loss by the spike time through the
targets, and `spike_drive` the explicit derivative. In the scaled variables of the literature,
lambda_x = -p_x / s_x, s_x = -1/A_xx (the time constant of the variable), these are the equations of
Wunderlich & Pehle, Sci. Rep. 11, 12829 (2021). A state without leak has s_x = 1 ms. `docs/theory/eventprop.md`
derives them.

This module is independent of time steps; a scheme (`genn_shd.eventprop.schemes`) generates code from the result.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import sympy

from ..errors import SettingError
from ..network.expressions import make_symbol, parse, simplify
from ..network.network import Network, Population
from .flow import is_linear, read_dynamics

FEEDBACK = make_symbol("feedback")
SPIKE_DRIVE = make_symbol("spike_drive")
SLOPE = make_symbol("slope")


def name_adjoint(state: str) -> str:
    """Return the name of the adjoint of a state variable."""
    return f"lambda_{state}"


@dataclass(frozen=True)
class SpikeEvent:
    """The event of a spike of a neuron, forward and backward.

    Attributes
    ----------
    threshold : the neuron spikes when this expression reaches zero from below.
    reset : state variable -> its value after the spike.
    tape : name -> expression of the state just before the spike, to be stored for the backward pass. `slope`
        is the rate of change of the threshold times the time constant s of its variable (for LIF: I - V).
    jump : adjoint variable -> its value before the spike in terms of those after it, the tape, `feedback` and
        `spike_drive`.
    variable : the state variable in the threshold.
    after : the expression of the threshold just after the reset.
    """

    threshold: sympy.Expr
    reset: dict[str, sympy.Expr]
    tape: dict[str, sympy.Expr]
    jump: dict[str, sympy.Expr]
    variable: str
    after: sympy.Expr


@dataclass(frozen=True)
class Dynamics:
    """Dynamics and adjoint of a population in continuous time.

    Attributes
    ----------
    population : the description.
    neuron_state, synapse_state : names of state variables, in this order in `matrix` and `drift`.
    matrix, drift : A (n, n) and b (n) of x' = A x + b, per ms.
    scales : state variable -> s_x, ms.
    event : the event of a spike; None if the population never spikes.
    feedback : value that an arriving spike sends back to the presynaptic neuron, per unit weight (for LIF:
        lambda_V - lambda_I).
    weight_gradient : dL/dw of one arriving spike (for LIF: -tau_syn lambda_I).
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

    @property
    def state(self) -> tuple[str, ...]:
        return self.neuron_state + self.synapse_state

    @functools.cached_property
    def entries(self) -> dict[tuple[int, int], sympy.Expr]:
        """(row, column) -> entry of A, for entries that are not zero."""
        n = range(len(self.state))
        return {(i, j): self.matrix[i, j] for i in n for j in n if self.matrix[i, j] != 0}

    @functools.cached_property
    def drives(self) -> dict[int, sympy.Expr]:
        """Row -> entry of b, for entries that are not zero."""
        return {i: self.drift[i] for i in range(len(self.state)) if self.drift[i] != 0}

    @functools.cached_property
    def steady_state(self) -> dict[str, sympy.Expr]:
        """Adjoint variable -> -1 times its steady state under a constant drive dl/dV = 1 per ms (for LIF: 1 each).

        The difference from the steady state obeys the equations without drive. All states must leak.
        """
        drive = sympy.Matrix([1] + [0] * (len(self.state) - 1))  # where A^T p + e_V = 0; losses read V, the first
        p = -(self.matrix.T).inv() * drive
        return {name_adjoint(x): simplify(p[i] / self.scales[x]) for i, x in enumerate(self.state)}

    @functools.cached_property
    def is_pairwise(self) -> bool:
        """Whether all states leak, are driven only by states without input from others, and have no constant drive."""
        leaks = all(simplify(self.matrix[i, i] * self.scales[x] + 1) == 0 for i, x in enumerate(self.state))
        driven = {i for i, j in self.entries if i != j}
        direct = all(j not in driven for i, j in self.entries if i != j)
        return leaks and direct and all(b == 0 for b in self.drift)

    @functools.cached_property
    def coupled(self) -> np.ndarray:
        """(n, n) bool: entries of exp(A r) that are not zero, the transitive closure of those of A."""
        a = np.eye(len(self.state), dtype=bool)
        for i, j in self.entries:
            a[i, j] = True
        for _ in self.state:
            a = (a.astype(int) @ a.astype(int)) > 0
        return a


def derive(network: Network) -> tuple[Dynamics, ...]:
    """Derive dynamics and adjoint of every population with linear dynamics, in the order of the network."""
    populations = [p for p in network.populations[1:] if is_linear(p)]
    return tuple(replace(derive_dynamics(Equations(p)), population=p) for p in populations)


class Equations:
    """A population, equal to all populations with the same equations and limits of parameters.

    SymPy takes longer than all other parts of the code generation, so its results are kept for equal populations.
    """

    def __init__(self, population: Population) -> None:
        neuron, synapse = population.neuron, population.synapse
        assert neuron is not None and synapse is not None
        self.population = population
        self._parts = (
            neuron.name,
            tuple(neuron.state),
            tuple(neuron.dynamics.items()),
            neuron.threshold,
            tuple(neuron.reset.items()),
            tuple(synapse.state),
            tuple(synapse.dynamics.items()),
            synapse.receives,
            synapse.current,
            tuple((name, parameter.minimum) for name, parameter in population.parameters.items()),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equations) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)


@functools.lru_cache(maxsize=256)
def derive_dynamics(equations: Equations) -> Dynamics:
    """Derive dynamics and adjoint of a population with linear dynamics."""
    population = equations.population
    neuron, synapse = population.neuron, population.synapse
    assert neuron is not None and synapse is not None
    state = (*neuron.state, *synapse.state)
    flow = sympy.Matrix(list(read_dynamics(population).values()))
    x = sympy.Matrix([make_symbol(name) for name in state])
    matrix = flow.jacobian(x).applyfunc(simplify)
    drift = (flow - matrix * x).applyfunc(simplify)
    scales = _find_scales(population, state, matrix)
    # p and f in terms of the scaled adjoint; an arrival adds w to one variable, so f changes by w times a column of A.
    p = sympy.Matrix([-scales[name] * make_symbol(name_adjoint(name)) for name in state])
    received = state.index(synapse.receives)
    return Dynamics(
        population=population,
        neuron_state=tuple(neuron.state),
        synapse_state=tuple(synapse.state),
        matrix=matrix,
        drift=drift,
        scales=scales,
        event=_derive_spike_event(population, x, matrix * x + drift, p, scales) if neuron.spiking else None,
        feedback=sympy.expand(-(p.T * matrix[:, received])[0]),
        weight_gradient=p[received],
    )


def _find_scales(population: Population, state: tuple[str, ...], matrix: sympy.Matrix) -> dict[str, sympy.Expr]:
    """Find the time constants of states; 1 ms for states without leak, or whose leak can be zero for some values."""
    scales = {}
    for i, name in enumerate(state):
        leak = matrix[i, i]
        finite = leak != 0 and (
            _is_never_zero(leak, population) or not sympy.denom(sympy.together(1 / leak)).free_symbols
        )
        scales[name] = simplify(-1 / leak) if finite else sympy.Integer(1)
    return scales


def _is_never_zero(expression: sympy.Expr, population: Population) -> bool:
    """Whether no allowed values of the parameters make an expression zero."""
    positive = {
        make_symbol(name): sympy.Symbol(name, positive=True)
        for name, parameter in population.parameters.items()
        if parameter.minimum is not None and parameter.minimum >= 0
    }
    return simplify(expression).subs(positive).is_zero is False


def _derive_spike_event(
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
    watched = _find_watched(population, x, gradient)
    after = sympy.Matrix([reset.get(s.name, s) for s in x])
    becomes = dict(zip(x, after, strict=True))
    flow_after = flow.subs(becomes, simultaneous=True)
    jacobian = after.jacobian(x)
    slope = sympy.expand(scales[watched.name] * (gradient.T * flow)[0])
    change = (p.T * (jacobian * flow - flow_after))[0] + FEEDBACK + SPIKE_DRIVE
    before = jacobian.T * p - gradient * scales[watched.name] / SLOPE * change
    at_threshold = _solve_threshold(population, threshold, watched)
    known = [*at_threshold, *_solve_slope(population, sympy.expand(slope.subs(at_threshold)), x)]
    jump = {
        name_adjoint(s.name): _on_the_tape(-before[i] / scales[s.name], known)
        for i, s in enumerate(x)
        if simplify(before[i] - p[i]) != 0
    }
    return SpikeEvent(
        threshold=threshold,
        reset=reset,
        tape={"slope": slope, **_find_leftover_state(jump, x)},
        jump=jump,
        variable=watched.name,
        after=sympy.expand(threshold.subs(becomes, simultaneous=True).subs(at_threshold)),
    )


def _find_watched(population: Population, x: sympy.Matrix, gradient: sympy.Matrix) -> sympy.Symbol:
    """Find the state variable of the threshold: the first one that occurs in it for all values of parameters."""
    present = [s for s, g in zip(x, gradient, strict=True) if g != 0]
    certain = [s for s, g in zip(x, gradient, strict=True) if g != 0 and _is_never_zero(g, population)]
    if not present:
        neuron = population.neuron
        assert neuron is not None
        raise SettingError(f"{neuron.name}: the threshold {neuron.threshold!r} does not depend on the state.")
    return (certain or present)[0]


def _solve_threshold(
    population: Population, threshold: sympy.Expr, watched: sympy.Symbol
) -> list[tuple[sympy.Symbol, sympy.Expr]]:
    """Solve the threshold for its state variable; empty if the variable does not occur for some values."""
    if not _is_never_zero(threshold.diff(watched), population):
        return []
    return [(watched, sympy.solve(threshold, watched)[0])]


def _solve_slope(population: Population, slope: sympy.Expr, x: sympy.Matrix) -> list[tuple[sympy.Symbol, sympy.Expr]]:
    """Solve the slope for a state variable; empty if each one does not occur for some values of parameters."""
    for s in reversed(list(x)):
        if slope.has(s) and _is_never_zero(slope.diff(s), population):
            return [(s, sympy.solve(slope - SLOPE, s)[0])]
    return []


def _on_the_tape(jump: sympy.Expr, known: list[tuple[sympy.Symbol, sympy.Expr]]) -> sympy.Expr:
    """Express the jump by the stored values."""
    for s, value in known:
        jump = jump.subs(s, value)
    return sympy.collect(sympy.expand(jump), 1 / SLOPE)


def _find_leftover_state(jump: dict[str, sympy.Expr], x: sympy.Matrix) -> dict[str, sympy.Expr]:
    used = set().union(*(e.free_symbols for e in jump.values()))
    return {s.name: s for s in x if s in used}
