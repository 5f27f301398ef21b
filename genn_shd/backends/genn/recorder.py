"""Make recordings: read variables after every step, and spikes from the tape."""

from __future__ import annotations

import numpy as np

from ...eventprop.program import Program
from ...spikes.spike_trains import SpikeTrains
from ..recording import make_spike_trains, make_traces
from ..results import Recording, Wanted
from .batch_runner import BatchRunner
from .batch_state import BatchState
from .device_dataset import Batch, gather_spike_trains
from .passes import Passes
from .simulation import Simulation
from .trial import Trial


class Recorder:
    """Records the first samples of one batch.

    Parameters
    ----------
    simulation, passes : parts of the model.
    program, trial : program and time steps of the model.
    wanted : population -> variables to record.
    samples : number of samples to record.
    dtype : floating-point type of the simulation.
    """

    def __init__(
        self,
        simulation: Simulation,
        passes: Passes,
        program: Program,
        trial: Trial,
        wanted: Wanted,
        samples: int,
        dtype: np.dtype,
    ) -> None:
        self._simulation, self._passes, self._program, self._trial = simulation, passes, program, trial
        self._samples = samples
        self._traces = make_traces(program, wanted, samples, trial.num_steps, dtype)
        states = {(p.name, p.to_public_name(x)): f"state_{x}" for p in program.populations for x in p.state}
        adjoints = {(p.name, p.to_public_name(x)): f"adjoint_{x}" for p in program.populations for x in p.adjoint}
        self._states = {key: states[key] for key in self._traces if key in states}
        self._adjoints = {key: adjoints[key] for key in self._traces if key in adjoints}

    def record(self, batch: Batch, runner: BatchRunner) -> Recording:
        """Run a batch forward and backward, and record it."""
        state = runner.run_forward(batch, watch=self._read_state)
        result = state.make_result()
        result.gradients = runner.run_backward(state, watch=self._read_adjoint)
        first = gather_spike_trains(batch).select(np.arange(self._samples))
        return Recording(self._trial.dt, self._collect_spikes(state, first), self._traces, result)

    def _read_state(self, part: np.ndarray, step: int) -> None:
        """Read the state after a step, for samples at some positions of the batch."""
        for key, variable in self._states.items():
            self._read(key, variable, part, step)

    def _read_adjoint(self, part: np.ndarray, step: int) -> None:
        """Read the adjoint after a backward step."""
        for key, variable in self._adjoints.items():
            self._read(key, variable, part, self._trial.num_steps - 1 - step)

    def _read(self, key: tuple[str, str], variable: str, part: np.ndarray, step: int) -> None:
        is_wanted = part < self._samples
        if is_wanted.any():
            values = self._simulation.read(key[0], variable)[: len(part)]
            self._traces[key][part[is_wanted], step] = values[is_wanted]

    def _collect_spikes(self, state: BatchState, first: SpikeTrains) -> dict[str, SpikeTrains]:
        """Collect the spikes of the source and of all spiking populations, at the ends of their steps."""
        dt = self._trial.dt
        spikes = {self._program.network.input.name: first.crop(self._trial.num_steps * dt)}
        for p in self._program.populations:
            if p.spike:
                events = self._passes.read_spikes(state, p.name, self._samples)
                times = [((steps + 1.0) * dt, neurons) for steps, neurons in events]
                spikes[p.name] = make_spike_trains(times, first.labels, p.size)
        return spikes
