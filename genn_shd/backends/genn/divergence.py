"""States of nonlinear neurons that grew without limit."""

from __future__ import annotations

import numpy as np

from ...errors import DivergedError
from ...eventprop.program import PopulationProgram
from .simulation import Simulation


def check_finite(p: PopulationProgram, simulation: Simulation, count: int) -> None:
    """Check the state of a population at the end of a trial; of linear ones, whose steps are exact, nothing is read.

    Parameters
    ----------
    p : the population.
    simulation : its state, in the first `count` lanes.

    Raises
    ------
    DivergedError
        Names the first neuron whose state is not finite.
    """
    for x in p.adjoint_state if p.flow else ():
        wild = np.argwhere(~np.isfinite(simulation.read(p.name, f"state_{x}")[:count]))
        if len(wild):
            raise DivergedError(
                f"population {p.name!r}: the state of neuron {wild[0, 1]} grows without limit; lower simulation.dt, or "
                "take smaller weights."
            )
