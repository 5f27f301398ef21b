"""The exact scheme: spikes keep their times inside a step, and gradients are those of the simulation that ran.

A step has the length h = dt. Input spikes act at their own times; a spike of a population reaches its targets h
later, so what arrives during a step is known when the step begins and neurons do not interact within it.

Forward, step n (time n h to (n + 1) h), with arrivals at offsets d:

1. the state at the end of the step is exp(A h) x plus the sum over arrivals of exp(A (h - d)) times the weight;
2. where that reaches the threshold, the neuron spiked at the first root s of its trajectory inside the step. The reset
   changes the end of the step by exp(A (h - s)) times the jump of the state; while the end still reaches the
   threshold, there is another spike in the same step.

Backward, step n, with the adjoint at the end of the step, after the impulse of the loss there:

1. each spike of the step, latest first, makes the adjoint jump as in continuous time; the jump acts on everything
   before it in the step;
2. arrivals meet the adjoint at their own offsets: feedback and weight gradients; those of spikes emitted one step
   before are kept for their senders;
3. the adjoint goes back over the step by exp(A^T h), and gets the jumps.

An arrival at the very time of a spike comes after it. `docs/exact.md` derives this and measures it.
"""

from __future__ import annotations

import numpy as np

from ..errors import SettingError
from ..eventprop import Dynamics, adjoint_name, derive
from ..expressions import symbol, to_code
from ..network import Network
from ..program import Program
from .linear import coefficients, coupled_states, population_program, propagator_name


def build(network: Network) -> Program:
    """The program of a network with spike times inside steps."""
    dynamics = {d.population.name: d for d in derive(network)}
    return Program(
        scheme="exact",
        network=network,
        populations=tuple(population_program(d, _propagator(d)) for d in dynamics.values()),
        evaluate_coefficients=lambda name, values, dt: coefficients(dynamics[name], values, dt),
    )


def _propagator(d: Dynamics) -> dict[str, str]:
    """Entries of exp(A r) in closed form, finite where time constants meet.

    An entry on the diagonal is exp(-r / s_x). One off it couples two states directly:
    A_xy (exp(-r / s_x) - exp(-r / s_y)) / (1 / s_y - 1 / s_x) = A_xy r exp(-r / s_y) phi(r (1 / s_y - 1 / s_x)).
    """
    _check_closed_form(d)
    r = symbol("r")
    result = {propagator_name(x, x): f"exp({to_code(-r / d.scales[x])})" for x in d.state}
    for i, x in enumerate(d.state):
        for j, y in enumerate(d.state):
            if i != j and d.matrix[i, j] != 0:
                name = propagator_name(x, y)
                difference = r * (1 / d.scales[y] - 1 / d.scales[x])
                result[name] = f"{to_code(d.matrix[i, j] * r)} * {propagator_name(y, y)} * phi({to_code(difference)})"
                ratio = to_code(d.scales[x] / d.scales[y])
                result[propagator_name(adjoint_name(y), adjoint_name(x))] = f"{ratio} * {name}"
    return result


def _check_closed_form(d: Dynamics) -> None:
    direct = np.array([[entry != 0 for entry in row] for row in d.matrix.tolist()])
    if np.any(coupled_states(d) & ~direct) or any(b != 0 for b in d.drift):
        raise SettingError(
            f"population {d.population.name!r}: the exact scheme needs states that are coupled pairwise and no "
            'constant drive; use scheme = "grid" for this neuron.'
        )
