"""The grid scheme: spikes are at the ends of steps.

Linear dynamics are integrated exactly over a step, others by one Runge-Kutta step (`runge_kutta.py`).

Forward, step n (time n dt to (n + 1) dt):

1. arrivals: every spike emitted at step n - 1 adds its weight; an input spike of time bin k is emitted at step k;
2. the neuron's state advances by exp(A dt), with the synapse's state after arrivals;
3. threshold, tape and reset;
4. the synapse's state decays by exp(A dt).

This is the order in which GeNN executes a step. Backward, step n, with the adjoint at the start of step n + 1:

1. the adjoint of targets gives feedback and gradients of weights of the spikes emitted at step n;
2. the adjoint of neurons that spiked at step n jumps;
3. the derivative of the loss is added: as an impulse at the end of the step if it reads V there, as a constant drive
   during the step if it is an integral over time;
4. the adjoint is multiplied by exp(A^T dt), integrated exactly with the drive.

The constant drive is important, as all arrivals are at the start of a step. With impulses at the ends of steps,
lambda_V would be a sawtooth function with the same phase at every arrival. The difference lambda_V - lambda_I, the
derivative by spike times, would then have a bias larger than its own size at dt = 1 ms.
"""

from __future__ import annotations

from ...network.network import Network
from ..adjoint import derive
from ..flow import derive_flows
from ..program import Program
from ..sensitivity import derive_sensitivity
from .bins import assign_bins
from .input_activity import compute_at_ends
from .linear import (
    build_population_programs,
    evaluate_coefficients,
    evaluate_drive,
    find_driven_population,
    sort_programs,
)
from .runge_kutta import Integration, build_grid_population, evaluate_grid_coefficients


def build(network: Network, integration: Integration) -> Program:
    """Build the program of a network on the grid."""
    dynamics = {d.population.name: d for d in derive(network)}
    flows = {flow.population.name: build_grid_population(flow, integration) for flow in derive_flows(network)}
    trained = {name: s for name, d in dynamics.items() if (s := derive_sensitivity(d))}
    ahead = {name: s.dynamics for name, s in trained.items()}
    driven = find_driven_population(network)
    return Program(
        scheme="grid",
        network=network,
        loss=network.loss,
        weight_time=1.0,
        input_activity=lambda samples, num_steps, dt, *values: compute_at_ends(
            samples, assign_bins(samples.times, dt), num_steps, dt, *values
        ),
        populations=sort_programs(network, build_population_programs(network, dynamics, {}, trained), flows),
        evaluate_coefficients=lambda name, values, dt: (
            evaluate_grid_coefficients(values, dt)
            if name in flows
            else {
                **evaluate_coefficients(dynamics[name], values, dt, ahead.get(name)),
                **(evaluate_drive(dynamics[name], values, dt) if name == driven else {}),
            }
        ),
    )
