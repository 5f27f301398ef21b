"""State of the optimiser Adam between batches. The compiled library computes its steps."""

from __future__ import annotations

import numpy as np

from ...network.network import Network
from ..checks import check_parameters
from ..formulae import compute_adam_constants
from ..results import Arrays
from ..run_values import RunValues
from .memory import ParameterMemory


class Optimiser:
    """Moments and number of steps of Adam.

    Attributes
    ----------
    steps_taken : number of steps so far.
    """

    def __init__(self, network: Network, memory: ParameterMemory) -> None:
        self._network, self._memory = network, memory
        self.steps_taken = 0

    def compute_constants(self, learning_rate: float, values: RunValues) -> dict[str, float]:
        """Compute the constants of step number `steps_taken`, or of the first step if there is none yet."""
        return compute_adam_constants(learning_rate, values, max(1, self.steps_taken))

    @property
    def _moments(self) -> dict[str, np.ndarray]:
        return {"moment1": self._memory.moment1, "moment2": self._memory.moment2}

    @property
    def state(self) -> Arrays:
        """Copies of the moments and the number of steps."""
        named = {
            f"{m}.{name}": a for m, flat in self._moments.items() for name, a in self._memory.copy_by_name(flat).items()
        }
        return {**named, "steps_taken": np.array(self.steps_taken)}

    def set_state(self, state: Arrays) -> None:
        """Restore the arrays that `state` returned."""
        for moment, flat in self._moments.items():
            arrays = {name: state[f"{moment}.{name}"] for name in self._network.parameter_shapes}
            check_parameters(arrays, self._network)
            self._memory.assign(flat, arrays)
        self.steps_taken = int(state["steps_taken"])
