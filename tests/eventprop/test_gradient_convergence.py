"""Gradients on the grid become those of continuous time as the time step goes to zero.

Expected are central differences of the event-driven solver, which knows no grid and no adjoint. What is refused here is
a wrong sign, factor or term in the adjoint: the error then stays where it is, however small the step.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests import convergence, reference_solver
from tests.convergence import LOSSES, SPIKE_LOSSES, VOLTAGE_LOSSES

pytestmark = pytest.mark.slow

STEPS = (0.1, 0.03125, 0.01)
# Hidden layers -> seed of a problem for the losses of voltages, and of one for those of spikes, each with the number of
# draws that do not meet the conditions.
SEEDS = {(6,): ((1, 17), (1, 2)), (4, 4): ((4, 266), (2, 74))}
# A further layer knows nothing of the loss, but for whether outputs spike.
CASES = [((6,), loss) for loss in (*LOSSES, "sum_input")]
CASES += [((4, 4), loss) for loss in ("sum", "sum_exp", "xentropy", "first_spike_exp")]


@cache
def _problem(hidden: tuple[int, ...], of_spikes: bool) -> tuple[reference_solver.Network, reference_solver.Batch]:
    seed, unfit = SEEDS[hidden][of_spikes]
    return convergence.problem(seed, hidden, SPIKE_LOSSES if of_spikes else VOLTAGE_LOSSES, unfit=unfit)


@cache
def _errors(hidden: tuple[int, ...], loss: str) -> dict[str, np.ndarray]:
    """Connection -> relative error of its gradient at each step."""
    network, batch = _problem(hidden, LOSSES.get(loss) in SPIKE_LOSSES)
    found = convergence.input_loss(batch) if loss == "sum_input" else LOSSES[loss]
    return convergence.relative_errors(replace(network, loss=found), batch, STEPS)


@pytest.mark.parametrize(("hidden", "loss"), CASES)
def test_the_error_is_below_one_per_cent_at_a_hundredth_of_a_millisecond(hidden, loss):
    errors = _errors(hidden, loss)
    assert len(errors) == 3 if len(hidden) == 1 else 5
    for name, error in errors.items():
        assert error[-1] < 0.01, name
        assert error[-1] < 0.5 * error[0], name


def test_the_error_falls_in_proportion_to_the_time_step():
    orders = [convergence.order(STEPS, error) for case in CASES for error in _errors(*case).values()]
    # Where in its step a spike falls is chance, and so a single order is off; their mean is not.
    assert np.mean(orders) == pytest.approx(1.0, abs=0.15)
