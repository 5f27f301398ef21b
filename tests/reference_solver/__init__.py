"""Event-driven reference for spiking networks in continuous time: no grid, float64, NumPy only.

Tests measure the toolkit against this package, so it shares nothing with the toolkit. It simulates

    V' = (-V + I) / tau_mem      I' = -I / tau_syn      V = I = 0 at t = 0
    a spike that arrives:  I += w       V reaches v_threshold:  a spike, V <- v_reset

from event to event with the closed-form solution, evaluates losses of the continuous V(t) to rounding, and
takes central differences. Times are in ms.

Many networks and samples run at once, as *replicas*: each steps to its own next event, so a pass of the loop
moves all, and a finite difference over all weights costs little more than one run.
"""

from tests.reference_solver.adjoint import adjoint_gradients
from tests.reference_solver.differences import (
    FiniteDifference,
    NotDifferentiable,
    finite_difference,
    finite_difference_gradient,
)
from tests.reference_solver.evaluation import Evaluation, evaluate, steepness, threshold_margins
from tests.reference_solver.losses import Maxima, maxima
from tests.reference_solver.network import Batch, Loss, Network, Population, get_parameter, with_parameter
from tests.reference_solver.problems import grazing_problem, random_problem
from tests.reference_solver.simulation import Record, simulate

__all__ = [
    "Batch",
    "Evaluation",
    "FiniteDifference",
    "Loss",
    "Maxima",
    "Network",
    "NotDifferentiable",
    "Population",
    "Record",
    "adjoint_gradients",
    "evaluate",
    "finite_difference",
    "finite_difference_gradient",
    "get_parameter",
    "grazing_problem",
    "maxima",
    "random_problem",
    "simulate",
    "steepness",
    "threshold_margins",
    "with_parameter",
]
