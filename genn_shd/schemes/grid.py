"""The grid scheme: spikes sit at the ends of steps, the linear dynamics are integrated exactly over a step.

Forward, step n (time n dt to (n + 1) dt):

1. arrivals: every spike emitted at step n - 1 adds its weight; an input spike of time bin k is emitted at step k;
2. the neuron's state advances by exp(A dt), with the synapse's state after arrivals;
3. threshold, tape and reset;
4. the synapse's state decays by exp(A dt).

This is the order in which GeNN executes a step. Backward, step n, with the adjoint at the start of step n + 1:

1. spikes emitted at step n meet the adjoint of their targets: feedback and weight gradients;
2. the adjoint of neurons that spiked at step n jumps;
3. the loss acts: as an impulse at the end of the step where it reads V there, as a constant drive throughout the
   step where it is an integral over time;
4. the adjoint goes back over the step by exp(A^T dt), integrated exactly with the drive.

The drive matters. All arrivals are at the start of a step here. Were the integral's derivative an impulse at the end,
lambda_V would be a sawtooth that every arrival meets at the same phase, and the difference lambda_V - lambda_I,
which is what moves spikes, would be biased by more than its own size at dt = 1 ms.
"""

from __future__ import annotations

import numpy as np

from ..eventprop import derive
from ..network import Network
from ..program import Program
from .linear import coefficients, population_programs


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
        weight_time=1.0,
        populations=population_programs(network, dynamics, {}),
        evaluate_coefficients=lambda name, values, dt: coefficients(dynamics[name], values, dt),
    )
