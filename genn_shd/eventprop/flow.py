"""Nonlinear populations: right-hand sides, and the derivatives for their adjoint.

The state x of a neuron and its synapse obeys x' = f(x). It is integrated numerically, and the gradient is the exact
adjoint of the numerical method. A scheme needs f, products u^T df/dx and u^T df/dtheta with a row vector
u, and the same of the threshold g and the reset r. SymPy derives them, with common subexpressions computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy

from ..errors import SettingError
from ..network.definitions import CURRENT
from ..network.expressions import make_symbol, parse, simplify, to_code
from ..network.network import Network, Population


@dataclass(frozen=True)
class Flow:
    """Dynamics, threshold and reset of a population as expressions.

    Attributes
    ----------
    population : the description.
    derivative : state variable -> d/dt, per ms.
    threshold : the neuron spikes when this reaches zero from below; None if it never spikes.
    reset : state variable -> its value after a spike, for all of them.
    """

    population: Population
    derivative: dict[str, sympy.Expr]
    threshold: sympy.Expr | None
    reset: dict[str, sympy.Expr]

    @property
    def state(self) -> tuple[str, ...]:
        return tuple(self.derivative)

    @property
    def trained(self) -> tuple[str, ...]:
        return tuple(self.population.trained)

    @property
    def receives(self) -> str:
        """The state variable to which weights are added."""
        assert self.population.synapse is not None
        return self.population.synapse.receives

    @property
    def watched(self) -> str:
        """The first state variable that the threshold depends on."""
        assert self.threshold is not None
        return next(x for x in self.state if self.threshold.has(make_symbol(x)))

    @property
    def resets_threshold(self) -> bool:
        """Whether the reset changes the distance from the threshold."""
        return self.threshold is not None and is_threshold_moved(self.reset, self.threshold)


def is_threshold_moved(reset: Mapping[str, sympy.Expr], threshold: sympy.Expr) -> bool:
    """Whether a reset changes the distance of the state from the threshold."""
    after = threshold.subs({make_symbol(x): e for x, e in reset.items()}, simultaneous=True)
    return simplify(after - threshold) != 0


def is_linear(population: Population) -> bool:
    """Whether the dynamics between spikes are x' = A x + b."""
    derivative = read_dynamics(population)
    x = {make_symbol(name) for name in derivative}
    return not any(e.diff(s).free_symbols & x for e in derivative.values() for s in x)


def derive_flows(network: Network) -> tuple[Flow, ...]:
    """Read the equations of every nonlinear population.

    Raises
    ------
    SettingError
        See `derive_flow`; or the loss reads the mean voltage of such a population.
    """
    flows = tuple(derive_flow(p) for p in network.populations[1:] if not is_linear(p))
    if any(flow.population is network.output for flow in flows) and network.loss.reads == "mean_voltage":
        raise SettingError(
            f"population {network.output.name!r}: loss {network.loss.name!r} reads the mean voltage of outputs, which "
            "need linear dynamics for that; choose a linear neuron such as LI, or a loss that reads voltages or spikes."
        )
    return flows


def derive_flow(population: Population) -> Flow:
    """Read the equations of a population.

    Raises
    ------
    SettingError
        The threshold depends on the variable to which weights are added, or on no state.
    """
    neuron = population.neuron
    assert neuron is not None
    derivative = read_dynamics(population)
    names = {*derivative, *population.parameters}
    threshold = None if neuron.threshold is None else parse(neuron.threshold, names)
    flow = Flow(
        population,
        derivative,
        threshold,
        {x: parse(neuron.reset.get(x, x), names) for x in derivative},
    )
    _check_threshold(flow)
    return flow


def read_dynamics(population: Population) -> dict[str, sympy.Expr]:
    """Return d/dt of every state variable of neuron and synapse, per ms, with the expression of the current."""
    neuron, synapse = population.neuron, population.synapse
    assert neuron is not None and synapse is not None
    right_hand_sides = {**neuron.dynamics, **synapse.dynamics}
    state = (*neuron.state, *synapse.state)
    names = {*state, *population.parameters}
    if synapse.current is None:
        return {x: parse(right_hand_sides[x], names) for x in state}
    current = {make_symbol(CURRENT): parse(synapse.current, names)}
    return {x: parse(right_hand_sides[x], {*names, CURRENT}).subs(current) for x in state}


def _check_threshold(flow: Flow) -> None:
    if flow.threshold is None:
        return
    name = flow.population.name
    if not any(flow.threshold.has(make_symbol(x)) for x in flow.state):
        raise SettingError(f"population {name!r}: its threshold does not depend on the state.")
    if flow.threshold.has(make_symbol(flow.receives)):
        raise SettingError(
            f"population {name!r}: an arrival moves {flow.receives}, which its threshold depends on, at once; the time "
            "of a spike that an arrival triggers depends on no weight, so there is no gradient. Let arrivals drive a "
            "current or a conductance."
        )


def declare(expressions: Mapping[str, sympy.Expr], shared: str = "shared") -> str:
    """Write code that declares a constant for each expression; common subexpressions are computed once.

    Raises
    ------
    SettingError
        An expression cannot be written as code, such as a derivative of fmin.
    """
    common, reduced = sympy.cse(list(expressions.values()), symbols=sympy.numbered_symbols(f"{shared}_", real=True))
    lines = [f"const scalar {name} = {_write_code(e)};" for name, e in common]
    lines += [f"const scalar {name} = {_write_code(e)};" for name, e in zip(expressions, reduced, strict=True)]
    return " ".join(lines)


def _write_code(expression: sympy.Expr) -> str:
    if expression.has(sympy.Derivative, sympy.Heaviside, sympy.DiracDelta, sympy.Subs):
        raise SettingError(
            f"{expression} is not a smooth function; dynamics of nonlinear neurons must be differentiable, so write "
            "them without fmin, fmax and fabs."
        )
    return to_code(expression)


def pull(values: Iterable[sympy.Expr], covector: Iterable[sympy.Expr], names: Iterable[str]) -> dict[str, sympy.Expr]:
    """Return name -> derivative by it of the sum of values times a covector."""
    total = sympy.Add(*(u * v for u, v in zip(covector, values, strict=True)))
    return {name: total.diff(make_symbol(name)) for name in names}
