"""The grid scheme: spikes sit at the ends of steps, the linear dynamics are integrated exactly over a step.

Forward, step n (time n dt to (n + 1) dt):

1. arrivals: every spike emitted at step n - 1 adds its weight; an input spike of time bin k is emitted at step k;
2. the neuron's state advances by exp(A dt), with the synapse's state after arrivals;
3. threshold, tape and reset;
4. the synapse's state decays by exp(A dt).

This is the order in which GeNN executes a step. Backward, step n, with the adjoint at the start of step n + 1:

1. spikes emitted at step n meet the adjoint of their targets: feedback and weight gradients;
2. the adjoint of neurons that spiked at step n jumps;
3. the loss acts at the end of step n (d loss / dV of that step's voltage, an impulse);
4. the adjoint goes back over the step by exp(A^T dt).

Without spikes in between, 3 and 4 are the transpose of the forward step, so gradients of weights onto
outputs that never spike equal those of the simulation that ran to rounding.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import sympy

from ..eventprop import Dynamics, SpikeEvent, adjoint_name, derive
from ..expressions import evaluate, symbol, to_code
from ..network import Network
from ..program import PopulationProgram, Program, SpikeProgram, Values

DRIFT = "drift"


def bin_steps(times: np.ndarray, dt: float) -> np.ndarray:
    """Time bins (int32) of float32 times in ms: floor(t / dt), a time that equals a bin's edge to float32 counting
    as on the edge (0.7 is in bin 7 of 0.1 ms, though 0.7f is below 0.7)."""
    return (times.astype(np.float64) * ((1.0 + 2.0**-23) / dt)).astype(np.int32)


def build(network: Network) -> Program:
    """The program of a network on the grid."""
    dynamics = {d.population.name: d for d in derive(network)}
    return Program(
        scheme="grid",
        network=network,
        populations=tuple(_population_program(d) for d in dynamics.values()),
        evaluate_coefficients=lambda name, values, dt: _coefficients(dynamics[name], values, dt),
    )


def _population_program(d: Dynamics) -> PopulationProgram:
    neuron, synapse = d.population.neuron, d.population.synapse
    assert neuron is not None and synapse is not None
    coupled = _coupled(d)
    return PopulationProgram(
        name=d.population.name,
        size=d.population.size,
        state={**neuron.state, **synapse.state},
        parameters=tuple(d.population.parameters),
        coefficients=tuple(_coefficient_names(d)),
        receives=synapse.receives,
        advance_code=_assign({x: _advance(x, d, coupled) for x in d.neuron_state}),
        spike=_spike_program(d.event) if d.event is not None else None,
        decay_code=_assign({x: _advance(x, d, coupled) for x in d.synapse_state}),
        adjoint=tuple(adjoint_name(x) for x in d.state),
        drive_code=_drive_code(d),
        adjoint_code=_assign({adjoint_name(x): _retreat(x, d, coupled) for x in d.state}),
        feedback=to_code(d.feedback),
        weight_gradient=to_code(d.weight_gradient),
    )


def _coupled(d: Dynamics) -> np.ndarray:
    """(n, n) bool: entries of exp(A dt) that are not zero, the transitive closure of A's."""
    a = np.array([[entry != 0 for entry in row] for row in d.matrix.tolist()]) | np.eye(len(d.state), dtype=bool)
    for _ in d.state:
        a = (a.astype(int) @ a.astype(int)) > 0
    return a


def _propagator(x: str, y: str) -> str:
    return f"{x}_from_{y}"


def _impulse(x: str) -> str:
    return f"impulse_{x}"


def _coefficient_names(d: Dynamics) -> list[str]:
    coupled = _coupled(d)
    pairs = [(x, y) for i, x in enumerate(d.state) for j, y in enumerate(d.state) if coupled[i, j]]
    forward = [_propagator(x, y) for x, y in pairs]
    drift = [_propagator(x, DRIFT) for x in _driven(d)]
    backward = [_propagator(adjoint_name(y), adjoint_name(x)) for x, y in pairs if x != y]
    return [*forward, *drift, *backward, _impulse(d.neuron_state[0])]


def _driven(d: Dynamics) -> list[str]:
    """State variables that the constant part b of the dynamics reaches."""
    coupled, drives = _coupled(d), [b != 0 for b in d.drift]
    return [x for i, x in enumerate(d.state) if any(coupled[i, j] and drives[j] for j in range(len(drives)))]


def _advance(x: str, d: Dynamics, coupled: np.ndarray) -> sympy.Expr:
    i = d.state.index(x)
    terms = [symbol(_propagator(x, y)) * symbol(y) for j, y in enumerate(d.state) if coupled[i, j]]
    if x in _driven(d):
        terms.append(symbol(_propagator(x, DRIFT)))
    return sympy.Add(*terms)


def _retreat(y: str, d: Dynamics, coupled: np.ndarray) -> sympy.Expr:
    j = d.state.index(y)
    terms = []
    for i, x in enumerate(d.state):
        if coupled[i, j]:
            name = _propagator(x, y) if x == y else _propagator(adjoint_name(y), adjoint_name(x))
            terms.append(symbol(name) * symbol(adjoint_name(x)))
    return sympy.Add(*terms)


def _assign(updates: dict[str, sympy.Expr]) -> str:
    """Code that assigns all at once: through temporaries where an update reads what another one writes."""
    changed = {x: e for x, e in updates.items() if e != symbol(x)}
    if len(changed) == 1:
        return "".join(f"{x} = {to_code(e)};" for x, e in changed.items())
    new = [f"const scalar {x}_next = {to_code(e)};" for x, e in changed.items()]
    return " ".join([*new, *(f"{x} = {x}_next;" for x in changed)])


def _drive_code(d: Dynamics) -> str:
    """dL/dV adds to p_V = -s_V lambda_V; losses read V, the neuron's first state variable."""
    x = d.neuron_state[0]
    return f"{adjoint_name(x)} -= {_impulse(x)} * drive;"


def _spike_program(event: SpikeEvent) -> SpikeProgram:
    return SpikeProgram(
        condition=f"{to_code(event.threshold)} >= 0.0",
        tape={name: to_code(e) for name, e in event.tape.items()},
        reset_code=_assign(event.reset),
        jump_code=f"{_assign(event.jump)} {adjoint_name(event.variable)} += count_signal;",
    )


def _coefficients(d: Dynamics, values: Values, dt: float) -> dict[str, np.ndarray]:
    """Values of all coefficients, (N,) float64, from the parameters' (N,) values."""
    distinct, where = _distinct_neurons(d, values)
    propagator, drift = _propagate(d, distinct, dt)
    scale = {x: np.broadcast_to(evaluate(s, distinct), where.max() + 1) for x, s in d.scales.items()}
    index = {x: i for i, x in enumerate(d.state)}
    result = {}
    for x in d.state:
        for y in d.state:
            result[_propagator(x, y)] = propagator[:, index[x], index[y]]
            backward = scale[x] / scale[y] * propagator[:, index[x], index[y]]
            result[_propagator(adjoint_name(y), adjoint_name(x))] = backward
        result[_propagator(x, DRIFT)] = drift[:, index[x]]
        result[_impulse(x)] = 1.0 / scale[x]
    return {name: result[name][where] for name in _coefficient_names(d)}


def _distinct_neurons(d: Dynamics, values: Values) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Parameter values of the K distinct neurons, and which of them each neuron is: most populations have K = 1."""
    names = list(d.population.parameters)
    rows, where = np.unique(np.stack([values[n] for n in names], axis=1), axis=0, return_inverse=True)
    return dict(zip(names, rows.T, strict=True)), where.ravel()


def _propagate(d: Dynamics, values: Values, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """exp(A dt), (K, n, n), and the step's contribution of b, (K, n), for K neurons' parameter values.

    The matrix exponential needs no closed form and has no limit to take where two time constants meet.
    """
    n, count = len(d.state), len(next(iter(values.values())))
    augmented = np.zeros((count, n + 1, n + 1))
    for i in range(n):
        augmented[:, i, n] = evaluate(d.drift[i], values)
        for j in range(n):
            augmented[:, i, j] = evaluate(d.matrix[i, j], values)
    exponential = scipy.linalg.expm(augmented * dt)
    return exponential[:, :n, :n], exponential[:, :n, n]
