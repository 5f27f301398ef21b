"""Passes over the steps of a trial: assign samples to lanes, write inputs, read results."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from ...eventprop.program import Program
from .batch_state import BatchState
from .divergence import check_finite
from .kept_state import list_kept_arrays
from .simulation import Pass, Simulation, check_array_size
from .trained_code import read_arrays
from .trial import Trial

Watch = Callable[[np.ndarray, int], None]


class Passes:
    """Runs batches forward or backward, or one forward and another backward at the same time.

    A batch with more samples than lanes needs several passes. The tape of each sample has its own slot until its
    backward pass, with a second half of slots if two batches are processed at the same time.

    Parameters
    ----------
    simulation, program, trial : simulation, program and time steps of the model.
    batch_size : largest batch size.
    halves : number of batches that are processed at the same time, 1 or 2.
    """

    def __init__(self, simulation: Simulation, program: Program, trial: Trial, batch_size: int, halves: int) -> None:
        self._simulation, self._program = simulation, program
        self._lanes = simulation.lanes
        self._room = trial.max_spikes
        self._per_batch = math.ceil(batch_size / self._lanes)
        self._spiking = [p for p in program.populations if p.spike]
        for population, array, count in _list_array_sizes(program, trial, self._per_batch * self._lanes * halves):
            if simulation.has_array(population, array):
                simulation.allocate(population, array, count)

    def run(
        self, forward: BatchState | None = None, backward: BatchState | None = None, watch: Watch | None = None
    ) -> None:
        """Run all passes of a batch forward, of another batch backward, or of both at the same time.

        `watch` is called after every step with the positions in the batch of the samples that ran, and the step.
        """
        size = max(len(state) for state in (forward, backward) if state)
        for index in range(math.ceil(size / self._lanes)):
            ahead, back = self._select_part(forward, index), self._select_part(backward, index)
            if forward and len(ahead):
                self._prepare_forward(forward, ahead)
            if backward and len(back):
                self._prepare_backward(backward, back)
            here = ahead if forward else back
            self._simulation.run(
                Pass(len(ahead), len(back), self._find_slot(forward, index), self._find_slot(backward, index)),
                partial(watch, here) if watch else None,
            )
            if forward and len(ahead):
                self._collect(forward, ahead, self._find_slot(forward, index))

    def read_spikes(self, state: BatchState, population: str, samples: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Read steps and neurons of the spikes on the tape, for the first samples of a batch after its forward pass."""
        counts = state.counts[population]
        tape = self._simulation.read_array(population, "tape_step").reshape(-1, counts.shape[1], self._room)
        found = []
        for b in range(samples):
            place = self._find_slot(state, b // self._lanes) * self._lanes + b % self._lanes
            neurons, order = np.nonzero(np.arange(self._room) < counts[b][:, None])
            found.append((tape[place, neurons, order], neurons))
        return found

    def _select_part(self, state: BatchState | None, index: int) -> np.ndarray:
        """Return the positions in the batch of the samples of one pass."""
        return np.arange(index * self._lanes, min((index + 1) * self._lanes, len(state) if state else 0))

    def _find_slot(self, state: BatchState | None, index: int) -> int:
        return state.half * self._per_batch + index if state else 0

    def _fill_lanes(self, values: np.ndarray, fill: float) -> np.ndarray:
        """Extend the values of the samples of a pass to all lanes."""
        result = np.full((self._lanes, *values.shape[1:]), fill, values.dtype)
        result[: len(values)] = values
        return result

    def _prepare_forward(self, state: BatchState, part: np.ndarray) -> None:
        self._choose(state, part, "row", "label")
        if state.weights is not None:
            weights, slot = state.weights[part], self._find_slot(state, int(part[0]) // self._lanes)
            start = slot * self._lanes * weights.shape[1]
            self._simulation.fill_part(self._program.output.name, "loss_weight", start, weights.ravel())

    def _prepare_backward(self, state: BatchState, part: np.ndarray) -> None:
        output = self._program.output.name
        self._choose(state, part, "back_row", "back_label")
        self._simulation.write(output, "output_error", self._fill_lanes(state.errors[part], 0.0))
        for p in self._spiking:
            self._simulation.write(p.name, "count_signal", self._fill_lanes(state.count_signals[p.name][part], 0.0))
        if self._per_batch == 1:
            return
        # Other samples ran in between: restore the values that the first step of the backward pass reads.
        for p in self._spiking:
            self._simulation.write(p.name, "num_spikes", self._fill_lanes(state.counts[p.name][part], 0))
        for name, values in state.loss_state.items():
            self._simulation.write(output, f"loss_{name}", self._fill_lanes(values[part], 0.0))

    def _choose(self, state: BatchState, part: np.ndarray, row: str, label: str) -> None:
        """Set the rows of samples in the source, and their labels in the outputs."""
        output = self._program.output
        labels = self._fill_lanes(state.labels[part], -1)
        self._simulation.write(self._program.network.input.name, row, self._fill_lanes(state.rows[part], 0))
        self._simulation.write(output.name, label, np.repeat(labels[:, None], output.size, axis=1))

    def _collect(self, state: BatchState, part: np.ndarray, slot: int) -> None:
        """Read the results of a forward pass."""
        simulation, output, count = self._simulation, self._program.output.name, len(part)
        for p in self._program.populations:
            check_finite(p, simulation, count)
        for p in self._spiking:
            state.counts[p.name][part] = simulation.read(p.name, "num_spikes")[:count]
        state.logits[part] = simulation.read(output, "logit")[:count]
        state.output_losses[part] = simulation.read(output, "output_loss")[:count]
        if self._per_batch > 1:
            for name, values in state.loss_state.items():
                values[part] = simulation.read(output, f"loss_{name}")[:count]
        if state.step_losses is not None:
            simulation.set_update("step_softmax", forward_slot=slot)
            simulation.update("Softmax")
            losses = simulation.read(output, "step_loss")[:count].astype(np.float64)
            state.step_losses[part] = losses.sum(axis=1)


def check_sizes(program: Program, trial: Trial, batch_size: int, lanes: int, halves: int) -> None:
    """Raise an error for arrays with too many entries for GeNN, before building."""
    for population, array, count in _list_array_sizes(program, trial, math.ceil(batch_size / lanes) * lanes * halves):
        check_array_size(population, array, count)


def _list_array_sizes(program: Program, trial: Trial, slots: int) -> list[tuple[str, str, int]]:
    """List (population, array, number of entries) of all arrays except those of the spike source."""
    output, steps = program.output, trial.num_steps
    sizes = [
        (p.name, f"tape_{name}", slots * p.size * trial.max_spikes)
        for p in program.populations
        if p.spike
        for name in ("step", *p.spike.tape)
    ]
    sizes.append((output.name, "loss_weight", slots * steps if program.loss.weighs_input else steps))
    if program.loss.cross_entropy == "step" or program.loss.keeps_voltages:
        sizes.append((output.name, "trace", slots * steps * output.size))
    for p in program.populations:
        sizes += [(p.name, name, slots * steps * p.size) for name, _ in (*list_kept_arrays(p), *read_arrays(p))]
    if program.loss.cross_entropy == "step":
        sizes += [(output.name, name, slots * steps) for name in ("trace_largest", "trace_sum")]
    return sizes
