"""Surrogate gradients on the grid: backpropagation through its steps, with a surrogate derivative of spikes.

One step of a population, with its state s at the start of the step, arriving weights a, and z = 1 for a spike, else 0:

    s1 = s + a                  arrivals, into the synapse
    s2 = F s1 + f               the neuron advances
    z  = H(g(s2))               H is the step function, g the threshold's expression
    s3 = s2 + z (r(s2) - s2)    reset
    s4 = G s3 + h               the synapse decays

With p = dL/ds, backward:

    p3 = G^T p4
    e  = dL/dz through targets, spike counts and the reset: p3 . (r(s2) - s2)
    p2 = (1 - z) p3 + z (dr/ds)^T p3 + e h'(g(s2)) dg/ds
    p1 = F^T p2

with the surrogate h' for the derivative of H (Neftci, Mostafa & Zenke, IEEE Signal Process. Mag. 36, 51, 2019). An
arrival adds its weight to one state variable, so the gradient of the weight is this entry of p1. The entry times the
weight is sent back to the spike of the presynaptic neuron.

A neuron without reset, such as ParaLIF, spikes here in every step that ends above its threshold, while in EventProp a
spike is a crossing of the threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import sympy

from ...errors import SettingError
from ...network.expressions import make_symbol, to_code
from ...network.learning_rules import EProp, SurrogateGradient
from ...network.network import Network
from ..adjoint import Dynamics, SpikeEvent, derive, name_adjoint
from ..flow import is_linear
from ..program import PopulationProgram, Program, SpikeProgram, SurrogateProgram
from . import grid
from .linear import advance_to_end, advance_to_threshold, assign, find_receiver
from .runge_kutta import Integration

SPIKE_ERROR = make_symbol("spike_error")
FIRED = make_symbol("fired")

Rule = TypeVar("Rule", SurrogateGradient, EProp)

Covector = Mapping[str, sympy.Expr]
"""State variable -> derivative of the loss by it, in terms of the adjoint."""


def build(network: Network, integration: Integration, rule: SurrogateGradient) -> Program:
    """Build the program of a network on the grid, with surrogate gradients.

    Raises
    ------
    SettingError
        The rule does not support a part of the network, which the message names.
    """
    return build_with(_replace_adjoint, network, integration, rule)


def build_with(
    change: Callable[[PopulationProgram, Dynamics, Rule], PopulationProgram],
    network: Network,
    integration: Integration,
    rule: Rule,
) -> Program:
    """Build the program of the grid for another rule, which changes the program of every population."""
    check_network(network, rule)
    dynamics = {d.population.name: d for d in derive(network)}
    program = grid.build(network, integration)
    populations = tuple(change(p, dynamics[p.name], rule) for p in program.populations)
    return replace(program, populations=populations, rule=rule)


def check_network(network: Network, rule: SurrogateGradient | EProp) -> None:
    """Check that a rule for the grid can train a network."""
    if network.loss.reads == "spikes":
        raise _refuse(rule, f"loss {network.loss.name!r}, which reads spikes", "choose a loss that reads voltages")
    if network.delayed_connections:
        name = network.delayed_connections[0].name
        raise _refuse(rule, f"delays of connection {name!r}", "use delayed copies of the input")
    for population in network.populations[1:]:
        if not is_linear(population):
            raise _refuse(
                rule, f"population {population.name!r}, whose dynamics are not linear", "choose another neuron"
            )
        if population.trained:
            raise _refuse(rule, f"trained parameters of population {population.name!r}", "leave them fixed")
        if population.dropout is not None:
            raise _refuse(rule, f"lost spikes of population {population.name!r}", "leave out dropout")


def _refuse(rule: SurrogateGradient | EProp, what: str, instead: str) -> SettingError:
    return SettingError(f"the learning rule {rule.name!r} does not train {what}; {instead}, or use rule 'eventprop'.")


def _replace_adjoint(p: PopulationProgram, d: Dynamics, rule: SurrogateGradient) -> PopulationProgram:
    """Replace the adjoint of EventProp by the unscaled derivative dL/ds."""
    receiver = name_adjoint(find_receiver(d))
    at_end = {x: make_symbol(name_adjoint(x)) for x in d.state}
    at_start = _pull_back(d, advance_to_threshold(d), _pull_back(d, advance_to_end(d), at_end))
    back = replace(
        p,
        adjoint=tuple(name_adjoint(x) for x in d.state),
        drive_code=f"{name_adjoint(d.neuron_state[0])} += drive;",
        adjoint_code=_assign_adjoint(at_start),
        steady_state={},
        feedback=receiver,
        weight_gradient=receiver,
    )
    if p.spike is None or d.event is None:
        return back
    return replace(
        back,
        spike=keep_forward(p.spike, d.event),
        surrogate=_build_surrogate_program(d, d.event, rule),
    )


def keep_forward(spike: SpikeProgram, event: SpikeEvent) -> SpikeProgram:
    """Return only the forward code. A neuron without reset spikes in every step that ends above the threshold."""
    return replace(spike, tape={}, jump_code="", from_below=spike.from_below and bool(event.reset))


def _build_surrogate_program(d: Dynamics, event: SpikeEvent, rule: SurrogateGradient) -> SurrogateProgram:
    after_reset = _pull_back(d, advance_to_end(d), {x: make_symbol(name_adjoint(x)) for x in d.state})
    by_spike = sympy.Symbol("by_spike", real=True)
    change = compute_reset_change(d, event, rule)
    error = SPIKE_ERROR + sympy.Add(*(after_reset[x] * change[x] for x in d.state))
    derivative = rule.derivative.differentiate_spike(event.threshold)
    before_reset = {
        y: e + by_spike * event.threshold.diff(make_symbol(y))
        for y, e in _pull_back_reset(d, event, after_reset).items()
    }
    reset_back = {y: make_symbol(f"{name_adjoint(y)}_reset") for y in d.state}
    at_start = _pull_back(d, advance_to_threshold(d), reset_back)
    code = [
        f"const scalar by_spike = {to_code(derivative)} * ({to_code(error)});",
        *(f"const scalar {name_adjoint(y)}_reset = {to_code(e)};" for y, e in before_reset.items()),
        _assign_adjoint(at_start),
    ]
    read = set().union(*(e.free_symbols for e in (derivative, error, *before_reset.values())))
    return SurrogateProgram(kept=tuple(x for x in d.state if make_symbol(x) in read), back_code=" ".join(code))


def _assign_adjoint(values: Covector) -> str:
    return assign({name_adjoint(x): e for x, e in values.items()})


def compute_reset_change(d: Dynamics, event: SpikeEvent, rule: SurrogateGradient | EProp) -> dict[str, sympy.Expr]:
    """Compute the jump of each state variable at a spike, as far as it is differentiated by the spike."""
    detached = event.variable if rule.reset == "detached" else None
    return {
        x: sympy.Integer(0) if x == detached else event.reset.get(x, make_symbol(x)) - make_symbol(x) for x in d.state
    }


def _pull_back_reset(d: Dynamics, event: SpikeEvent, p: Covector) -> dict[str, sympy.Expr]:
    """Compute the covector before a reset: (1 - z) p + z (dr/ds)^T p."""
    reset = _pull_back(d, {x: event.reset.get(x, make_symbol(x)) for x in d.state}, p)
    return {y: p[y] + FIRED * sympy.expand(reset[y] - p[y]) for y in d.state}


def _pull_back(d: Dynamics, becomes: Mapping[str, sympy.Expr], p: Covector) -> dict[str, sympy.Expr]:
    """Compute the covector before a part of a step, from that after it and the new values of state variables."""
    return {y: sympy.Add(*(becomes[x].diff(make_symbol(y)) * p[x] for x in d.state)) for y in d.state}
