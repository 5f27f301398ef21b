"""E-prop on the grid: eligibility traces, computed forward in time, with a surrogate derivative of spikes.

For each synapse, the derivative t = ds/dw of the state of its target is computed through the steps of `surrogate.py`,
without paths through other neurons (Bellec et al., Nat. Commun. 11, 3625, 2020):

    t1 = t + a                      a: spikes that arrive, at the state variable that receives
    t2 = F t1
    e  = h'(g(s2)) dg/ds . t2       the eligibility: dz/dw
    t3 = (1 - z) t2 + z (dr/ds) t2 + (r(s2) - s2) e
    t4 = G t3

The gradient of a weight is the sum over steps of the learning signal of its target, times the eligibility filtered by
the dynamics of the outputs, as a spike is. The learning signal is the sum over
outputs of feedback times dL/dV. In a network without recurrence, with one hidden population and feedback by the output
weights, the gradient is that of `surrogate.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy

from ...errors import SettingError
from ...network.expressions import make_symbol, to_code
from ...network.initialisers import Distribution
from ...network.learning_rules import EProp
from ...network.network import Network
from ..adjoint import Dynamics, SpikeEvent
from ..program import EligibilityProgram, PopulationProgram, Program
from .linear import advance_to_end, advance_to_threshold, assign
from .runge_kutta import Integration
from .surrogate import FIRED, build_with, compute_reset_change, keep_forward

ELIGIBILITY = make_symbol("eligibility")

Vector = Mapping[str, sympy.Expr]
"""State variable -> its derivative by a weight."""


def build(network: Network, integration: Integration, rule: EProp) -> Program:
    """Build the program of a network on the grid, trained by e-prop.

    Raises
    ------
    SettingError
        The rule does not support a part of the network, which the message names.
    """
    program = build_with(_add_traces, network, integration, rule)
    _check_feedback(network, rule)
    return program


def _check_feedback(network: Network, rule: EProp) -> None:
    """Check that all outputs have the same filter, and that symmetric feedback has weights."""
    output = network.output
    for name in output.parameters:
        if isinstance(output.find_initial(name), Distribution):
            raise SettingError(
                f"e-prop needs outputs with the same filter, but they have different {name}; give them one value."
            )
    sends = {c.source for c in network.connections if c.target == output.name}
    for name in network.hidden:
        if rule.feedback == "symmetric" and name not in sends:
            raise SettingError(
                f"e-prop has no symmetric feedback for population {name!r}, as it is not connected to the outputs; "
                "connect it to them, or use random feedback."
            )


def _add_traces(p: PopulationProgram, d: Dynamics, rule: EProp) -> PopulationProgram:
    """Return the population with traces instead of an adjoint."""
    if d.event is None or p.spike is None:
        spike, eligibility = None, _build_output_traces(d)
    else:
        spike, eligibility = keep_forward(p.spike, d.event), _build_spike_traces(d, d.event, rule)
    return replace(p.remove_adjoint(), spike=spike, eligibility=eligibility)


def name_trace(state: str) -> str:
    """Return the name of the derivative of a state variable by a weight."""
    return f"trace_{state}"


def _build_output_traces(d: Dynamics) -> EligibilityProgram:
    """Build the traces of outputs: their eligibility is the derivative of the voltage at the end of the step."""
    advanced = _push(d, advance_to_threshold(d), _list_traces(d))
    code = [
        _assign_traces(advanced),
        f"eligibility = {name_trace(d.neuron_state[0])};",
        _assign_traces(_push(d, advance_to_end(d), _list_traces(d))),
    ]
    return EligibilityProgram(kept=(), neuron={}, traces=_name_traces(d), trace_code=" ".join(code))


def _build_spike_traces(d: Dynamics, event: SpikeEvent, rule: EProp) -> EligibilityProgram:
    derivative = rule.derivative.differentiate_spike(event.threshold)
    gains = {x: event.threshold.diff(make_symbol(x)) for x in d.state}
    neuron = {f"gain_{x}": derivative * g for x, g in gains.items() if g != 0}
    traces, change = _list_traces(d), compute_reset_change(d, event, rule)
    after_reset = {}
    for x in d.state:
        terms = []
        reset = event.reset.get(x, make_symbol(x))
        for y in d.state:
            kept = reset.diff(make_symbol(y)) - (1 if x == y else 0)
            if kept != 0:
                neuron[f"reset_{x}_by_{y}"] = FIRED * kept
                terms.append(make_symbol(f"reset_{x}_by_{y}") * traces[y])
        if change[x] != 0:
            neuron[f"change_{x}"] = change[x]
            terms.append(make_symbol(f"change_{x}") * ELIGIBILITY)
        after_reset[x] = traces[x] + sympy.Add(*terms)
    eligibility = sympy.Add(*(make_symbol(f"gain_{x}") * traces[x] for x, g in gains.items() if g != 0))
    code = [
        _assign_traces(_push(d, advance_to_threshold(d), traces)),
        f"eligibility = {to_code(eligibility)};",
        _assign_traces(after_reset),
        _assign_traces(_push(d, advance_to_end(d), traces)),
    ]
    read = set().union(*(e.free_symbols for e in neuron.values()))
    return EligibilityProgram(
        kept=tuple(x for x in d.state if make_symbol(x) in read),
        neuron={name: to_code(e) for name, e in neuron.items()},
        traces=_name_traces(d),
        trace_code=" ".join(code),
    )


def _name_traces(d: Dynamics) -> tuple[str, ...]:
    return tuple(name_trace(x) for x in d.state)


def _list_traces(d: Dynamics) -> dict[str, sympy.Expr]:
    return {x: make_symbol(name_trace(x)) for x in d.state}


def _assign_traces(values: Vector) -> str:
    return f"{{ {assign({name_trace(x): e for x, e in values.items()})} }}"


def _push(d: Dynamics, becomes: Mapping[str, sympy.Expr], t: Vector) -> dict[str, sympy.Expr]:
    """Compute the traces after a part of a step, from those before it and the new values of state variables."""
    return {x: sympy.Add(*(becomes[x].diff(make_symbol(y)) * t[y] for y in d.state)) for x in d.state}
