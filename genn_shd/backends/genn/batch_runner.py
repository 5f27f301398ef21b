"""Run whole batches: forward passes to results, and backward passes to gradients."""

from __future__ import annotations

import logging

import numpy as np

from ...eventprop.program import Program
from ..loss_weight import StepWeights
from ..results import Arrays
from ..run_values import RunValues
from .batch_state import BatchState, compute_cross_entropy, count_signals
from .device_dataset import Batch, ResidentBatch, gather_spike_trains
from .optimiser import Optimiser
from .passes import Passes, Watch
from .sample_memory import SampleMemory
from .trial import Trial

LOG = logging.getLogger("genn_shd")


class BatchRunner:
    """Runs batches forward or backward, or one forward and another backward at the same time.

    Parameters
    ----------
    program, trial : program and time steps of the model.
    passes, memory, optimiser : parts of the model; gradients are read from the optimiser.
    values : run-time values.
    step_weights : weights of the loss over the steps of a trial.
    dtype : floating-point type of the simulation.

    Attributes
    ----------
    lost_spikes : number of spikes so far that were beyond `max_spikes`.
    """

    def __init__(
        self,
        program: Program,
        trial: Trial,
        passes: Passes,
        memory: SampleMemory,
        optimiser: Optimiser,
        values: RunValues,
        step_weights: StepWeights,
        dtype: np.dtype,
    ) -> None:
        self._program, self._trial = program, trial
        self._passes, self._memory, self._optimiser = passes, memory, optimiser
        self._values, self._step_weights, self._dtype = values, step_weights, dtype
        self._spiking = [p for p in program.populations if p.spike]
        self._has_partial_gradients = False
        self.lost_spikes = 0

    def run_forward(self, batch: Batch, half: int = 0, watch: Watch | None = None) -> BatchState:
        """Run a batch forward.

        Parameters
        ----------
        batch : a batch that was checked.
        half : half of the stored trials for it, 0 or 1.
        watch : see `Passes.run`.
        """
        state = self._begin_forward(batch, half)
        self._passes.run(forward=state, watch=watch)
        self._finish_forward(state)
        return state

    def run_backward(self, state: BatchState, watch: Watch | None = None) -> Arrays:
        """Run a batch backward after its forward pass; return its mean gradients."""
        return self._differentiate(state, None, watch)

    def run_both(self, before: BatchState, batch: Batch) -> tuple[BatchState, Arrays]:
        """Run a batch forward and the previous one backward at the same time; return the previous one's gradients."""
        state = self._begin_forward(batch, 1 - before.half)
        gradients = self._differentiate(before, state, None)
        self._finish_forward(state)
        return state, gradients

    def _differentiate(self, backward: BatchState, forward: BatchState | None, watch: Watch | None) -> Arrays:
        self._has_partial_gradients = True
        self._passes.run(forward=forward, backward=backward, watch=watch)
        gradients = self._optimiser.average_gradients(len(backward))
        self._has_partial_gradients = False
        return gradients

    def _begin_forward(self, batch: Batch, half: int) -> BatchState:
        """Copy a batch to the device, and allocate its results."""
        if self._has_partial_gradients:  # a backward pass was interrupted
            self._optimiser.clear_gradients()
            self._has_partial_gradients = False
        size, outputs, loss = len(batch), self._program.output.size, self._program.loss
        weights = None
        if self._step_weights.per_sample:
            weights = self._step_weights.compute_for(self._values.get_loss_values(), gather_spike_trains(batch))
        return BatchState(
            rows=batch.rows if isinstance(batch, ResidentBatch) else self._memory.write(half, batch),
            labels=batch.labels.astype(np.int32),
            half=half,
            counts={p.name: np.empty((size, p.size), np.int32) for p in self._spiking},
            loss_state={name: np.empty((size, outputs), self._dtype) for name in loss.state},
            logits=np.empty((size, outputs), self._dtype),
            output_losses=np.empty((size, outputs), self._dtype),
            errors=np.empty((size, outputs)),
            weights=weights,
            step_losses=np.empty(size) if loss.cross_entropy == "step" else None,
        )

    def _finish_forward(self, state: BatchState) -> None:
        """Compute losses, their derivatives with respect to the logits, and the jumps of the regularisation."""
        labels, loss = state.labels, self._program.loss
        state.losses, state.errors = compute_cross_entropy(
            state.logits, labels, self._values.get_loss_values()["loss_scale"]
        )
        if loss.cross_entropy == "none":
            state.losses, state.errors = np.where(labels >= 0, 0.0, np.nan), np.zeros_like(state.errors)
        if state.step_losses is not None:
            state.losses = np.where(labels >= 0, state.step_losses, np.nan)
        state.losses = state.losses + state.output_losses.sum(axis=1, dtype=np.float64)
        for p in self._spiking:
            state.count_signals[p.name] = count_signals(state.counts[p.name], self._values.get_regularisation(p.name))
        self._report_lost(state)

    def _report_lost(self, state: BatchState) -> None:
        """Warn of spikes beyond `max_spikes`."""
        room = self._trial.max_spikes
        lost = {name: int(np.maximum(0, counts - room).sum()) for name, counts in state.counts.items()}
        for name, number in lost.items():
            if number:
                self.lost_spikes += number
                LOG.warning(
                    "%d spikes of %s in this batch are beyond max_spikes = %d per neuron and have no part in its "
                    "gradient; raise max_spikes (at most %d can be)",
                    number,
                    name,
                    room,
                    self._trial.num_steps,
                )
