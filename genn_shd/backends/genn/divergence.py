"""Check for states of nonlinear neurons that are not finite."""

from __future__ import annotations

import numpy as np

from ...errors import DivergedError
from ...eventprop.program import PopulationProgram
from .simulation import Simulation


def check_finite(p: PopulationProgram, simulation: Simulation, count: int) -> None:
    """Check the state of a nonlinear population at the end of a trial; linear ones cannot diverge.

    Parameters
    ----------
    p : the population.
    simulation : its state, in the first `count` lanes.

    Raises
    ------
    DivergedError
        The state of a neuron is not finite; the message names the first.
    """
    for x in p.adjoint_state if p.flow else ():
        wild = np.argwhere(~np.isfinite(simulation.read(p.name, f"state_{x}")[:count]))
        if len(wild):
            raise DivergedError(
                f"population {p.name!r}: the state of neuron {wild[0, 1]} is not finite; lower simulation.dt, or use "
                "smaller weights."
            )
