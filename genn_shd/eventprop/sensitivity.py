"""Gradients of trained parameters of neurons, from derivatives of the state and the spike times of each neuron.

A parameter theta of a neuron directly affects only this neuron, so this effect needs no adjoint. For fixed
arrivals, the sensitivity y = dx/dtheta of the state of the neuron obeys

    y' = A y + (dA/dtheta) x + db/dtheta

between spikes. At a spike, where g(x, theta) = 0, the derivative of the spike time is

    dt/dtheta = -(grad g . y + dg/dtheta) / (grad g . f(-))

and y jumps to J y + dr/dtheta + (J f(-) - f(+)) dt/dtheta. The derivative of the loss by the spike time, through the
rest of the network, is `feedback + spike_drive`, which the adjoint computes for the weights as well. So

    dL/dtheta = sum over the neuron's spikes of (feedback + spike_drive) dt/dtheta
              + for outputs whose voltage is read, sum over steps of dL/dV . dV/dtheta.

This equals the integral of p . (df/dtheta) over the trial, p = dL/dx, which EventProp states for time constants
(Nowotny et al. 2025). But no state has to be stored or computed again in the backward pass: one more number is stored
per spike and trained parameter. The rule for spike counts acts on V just before a spike, and so through y there.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import sympy

from ..network.expressions import make_symbol, simplify
from .adjoint import FEEDBACK, SLOPE, SPIKE_DRIVE, Dynamics, Equations, SpikeEvent, derive_dynamics

COUNT_SIGNAL = make_symbol("count_signal")


def name_sensitivity(state: str, parameter: str) -> str:
    """Return the name of the derivative of a state variable by a parameter."""
    return f"{state}_by_{parameter}"


def shift_name(parameter: str) -> str:
    """Return the name of the derivative of a spike time by a parameter, ms per unit of the parameter."""
    return f"shift_by_{parameter}"


@dataclass(frozen=True)
class Sensitivity:
    """Derivatives of the state of a population by its trained parameters.

    Attributes
    ----------
    dynamics : dynamics of state and derivatives together, z' = M z + c, with their resets and, in the tape, the
        derivatives of the spike time (`shift_name`). Adjoint, feedback and weight gradient are those of the state.
    shift : name -> derivative of the spike time, in terms of z before the spike and `slope`.
    reset : derivative -> its value after the spike, in terms of z before it and the shifts.
    spike_gradient : parameter -> contribution of one spike to dL/dtheta, in terms of the shifts, `slope`, `feedback`,
        `spike_drive` and `count_signal`.
    read : parameter -> derivative of V, the first state variable.
    """

    dynamics: Dynamics
    shift: dict[str, sympy.Expr]
    reset: dict[str, sympy.Expr]
    spike_gradient: dict[str, sympy.Expr]
    read: dict[str, sympy.Expr]

    @property
    def _own(self) -> set[str]:
        neuron, synapse = self.dynamics.population.neuron, self.dynamics.population.synapse
        assert neuron is not None and synapse is not None
        return {*neuron.state, *synapse.state}

    @property
    def state(self) -> tuple[str, ...]:
        """Names of the derivatives that are not always zero."""
        return tuple(s for s in self.dynamics.state if s not in self._own)


def derive_sensitivity(d: Dynamics) -> Sensitivity | None:
    """Derive the sensitivity of a population; None if it has no trained parameters."""
    if not d.population.trained:
        return None
    sensitivity = _derive_for(Equations(d.population), tuple(d.population.trained))
    return replace(sensitivity, dynamics=replace(sensitivity.dynamics, population=d.population))


@functools.lru_cache(maxsize=256)
def _derive_for(equations: Equations, trained: tuple[str, ...]) -> Sensitivity:
    d = derive_dynamics(equations)
    x = sympy.Matrix([make_symbol(s) for s in d.state])
    flow = d.matrix * x + d.drift
    jumps = _Jumps(d, x, flow) if d.event is not None else None
    present = {theta: _find_present(d, x, flow, jumps, theta) for theta in trained}
    y = {theta: _make_vector(d, theta, present[theta]) for theta in trained}
    shift = {shift_name(theta): jumps.shift(theta, y[theta]) for theta in trained} if jumps else {}
    reset = _derive_resets(d, jumps, y, present) if jumps else {}
    return Sensitivity(
        dynamics=_extend(d, flow, y, present, shift, reset),
        shift=shift,
        reset=reset,
        spike_gradient={theta: _derive_spike_gradient(theta) for theta in trained} if jumps else {},
        read={theta: y[theta][0] for theta in trained},
    )


def _make_vector(d: Dynamics, theta: str, present: set[str]) -> sympy.Matrix:
    """Return the derivatives of all state variables by theta, as symbols or zero."""
    return sympy.Matrix(
        [make_symbol(name_sensitivity(s, theta)) if s in present else sympy.Integer(0) for s in d.state]
    )


def _extend(
    d: Dynamics,
    flow: sympy.Matrix,
    y: dict[str, sympy.Matrix],
    present: dict[str, set[str]],
    shift: dict[str, sympy.Expr],
    reset: dict[str, sympy.Expr],
) -> Dynamics:
    rates = dict(zip(d.state, flow, strict=True))
    for theta, sensitivities in y.items():
        changes = d.matrix * sensitivities + flow.diff(make_symbol(theta))
        rates |= {name_sensitivity(s, theta): r for s, r in zip(d.state, changes, strict=True) if s in present[theta]}
    neuron, synapse = (
        states + tuple(name_sensitivity(s, theta) for theta in y for s in states if s in present[theta])
        for states in (d.neuron_state, d.synapse_state)
    )
    z = sympy.Matrix([make_symbol(name) for name in neuron + synapse])
    z_flow = sympy.Matrix([rates[name] for name in neuron + synapse])
    matrix = z_flow.jacobian(z).applyfunc(simplify)
    return replace(
        d,
        neuron_state=neuron,
        synapse_state=synapse,
        matrix=matrix,
        drift=(z_flow - matrix * z).applyfunc(simplify),
        event=None if d.event is None else _extend_event(d.event, shift, reset),
    )


def _extend_event(event: SpikeEvent, shift: dict[str, sympy.Expr], reset: dict[str, sympy.Expr]) -> SpikeEvent:
    """Add shifts and resets to the event of the state."""
    slope = {SLOPE: event.tape["slope"]}
    shifts = {name: value.subs(slope) for name, value in shift.items()}
    values = {make_symbol(name): value for name, value in shifts.items()}
    resets = {name: value.subs(values) for name, value in reset.items()}
    return replace(event, tape={**event.tape, **shifts}, reset={**event.reset, **resets})


class _Jumps:
    """Jumps of the sensitivities of a population at a spike."""

    def __init__(self, d: Dynamics, x: sympy.Matrix, flow: sympy.Matrix) -> None:
        assert d.event is not None
        self._event, self._flow = d.event, flow
        self._scale = d.scales[d.event.variable]
        self._after = sympy.Matrix([d.event.reset.get(s.name, s) for s in x])
        self._gradient = sympy.Matrix([d.event.threshold.diff(s) for s in x])
        self._jacobian = self._after.jacobian(x)
        flow_after = flow.subs(dict(zip(x, self._after, strict=True)), simultaneous=True)
        self._change = (self._jacobian * flow - flow_after).applyfunc(sympy.expand)

    def shift(self, theta: str, y: sympy.Matrix) -> sympy.Expr:
        """Return dt/dtheta of a spike."""
        moved = (self._gradient.T * y)[0] + self._event.threshold.diff(make_symbol(theta))
        return sympy.Integer(0) if moved == 0 else -self._scale / SLOPE * moved

    def jump(self, theta: str, y: sympy.Matrix, shift: sympy.Expr) -> sympy.Matrix:
        """Return y after a spike, for a given derivative of its time."""
        return self._jacobian * y + self._after.diff(make_symbol(theta)) + self._change * shift


def _find_present(d: Dynamics, x: sympy.Matrix, flow: sympy.Matrix, jumps: _Jumps | None, theta: str) -> set[str]:
    """Find the state variables whose derivative by theta is not always zero."""
    present: set[str] = set()
    while True:
        y = _make_vector(d, theta, present)
        driven = d.matrix * y + flow.diff(make_symbol(theta))
        jumped = sympy.zeros(len(x), 1)
        if jumps is not None:
            shift = sympy.Integer(0) if jumps.shift(theta, y) == 0 else make_symbol(shift_name(theta))
            jumped = jumps.jump(theta, y, shift)
        now = {s for s, a, b in zip(d.state, driven, jumped, strict=True) if sympy.expand(a) != 0 or b != 0} | present
        if now == present:
            return present
        present = now


def _derive_resets(
    d: Dynamics, jumps: _Jumps, y: dict[str, sympy.Matrix], present: dict[str, set[str]]
) -> dict[str, sympy.Expr]:
    result = {}
    for theta, sensitivities in y.items():
        after = jumps.jump(theta, sensitivities, make_symbol(shift_name(theta)))
        for s, value in zip(d.state, after, strict=True):
            if s in present[theta] and value != make_symbol(name_sensitivity(s, theta)):
                result[name_sensitivity(s, theta)] = value
    return result


def _derive_spike_gradient(theta: str) -> sympy.Expr:
    return make_symbol(shift_name(theta)) * (FEEDBACK + SPIKE_DRIVE + SLOPE * COUNT_SIGNAL)
