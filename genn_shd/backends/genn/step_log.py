"""Variables read off a simulation after every step, for `GennModel.record`."""

from __future__ import annotations

import numpy as np

from ...eventprop.program import Program
from ..recording import empty_traces
from ..results import Wanted
from .simulation import Simulation


class StepLog:
    """Traces of the first samples of a batch; give `forward` and `backward` to passes in these directions.

    Attributes
    ----------
    traces : (population, variable) -> (S, steps, N).
    """

    def __init__(
        self,
        simulation: Simulation,
        program: Program,
        wanted: Wanted,
        samples: int,
        num_steps: int,
        dtype: np.dtype,
    ) -> None:
        self.traces = empty_traces(program, wanted, samples, num_steps, dtype)
        self._simulation, self._num_steps, self._samples = simulation, num_steps, samples
        states = {(p.name, p.public(x)): f"state_{x}" for p in program.populations for x in p.state}
        adjoints = {(p.name, p.public(x)): f"adjoint_{x}" for p in program.populations for x in p.adjoint}
        self._states = {key: states[key] for key in self.traces if key in states}
        self._adjoints = {key: adjoints[key] for key in self.traces if key in adjoints}

    def forward(self, part: np.ndarray, step: int) -> None:
        """The state after a step of the samples at some positions of the batch."""
        for key, variable in self._states.items():
            self._keep(key, variable, part, step)

    def backward(self, part: np.ndarray, step: int) -> None:
        """The adjoint after a step backward."""
        for key, variable in self._adjoints.items():
            self._keep(key, variable, part, self._num_steps - 1 - step)

    def _keep(self, key: tuple[str, str], variable: str, part: np.ndarray, step: int) -> None:
        wanted = part < self._samples
        if wanted.any():
            values = self._simulation.read(key[0], variable)[: len(part)]
            self.traces[key][part[wanted], step] = values[wanted]
