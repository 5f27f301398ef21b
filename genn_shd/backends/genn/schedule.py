"""Schedules of training: which batch runs backward when, and when the optimiser takes its step."""

from __future__ import annotations

from typing import Protocol

from ..results import Arrays, BatchResult
from .batch_runner import BatchRunner
from .batch_state import BatchState
from .device_dataset import Batch
from .optimiser import Optimiser


class Schedule(Protocol):
    """A way to train batches one after the other."""

    def train(self, batch: Batch, learning_rate: float) -> BatchResult:
        """Train a batch, or begin to."""

    def flush(self, learning_rate: float) -> None:
        """Finish the training of the last batch."""


class Sequential:
    """Each batch runs forward, then backward, then the optimiser takes a step.

    Parameters
    ----------
    runner, optimiser : of the model.
    """

    def __init__(self, runner: BatchRunner, optimiser: Optimiser) -> None:
        self._runner, self._optimiser = runner, optimiser

    def train(self, batch: Batch, learning_rate: float) -> BatchResult:
        """Train a batch."""
        state = self._runner.run_forward(batch)
        result = state.make_result()
        result.gradients = self._runner.run_backward(state)
        self._optimiser.take_step(result.gradients, learning_rate)
        return result

    def flush(self, learning_rate: float) -> None:
        """Do nothing: no batch is ever under way."""


class Pipelined:
    """Each batch runs forward while the one before it runs backward, whose step follows.

    Parameters
    ----------
    runner, optimiser : of the model.
    """

    def __init__(self, runner: BatchRunner, optimiser: Optimiser) -> None:
        self._runner, self._optimiser = runner, optimiser
        self._pending: BatchState | None = None

    def train(self, batch: Batch, learning_rate: float) -> BatchResult:
        """Run a batch forward and train the one before, whose gradients the result has."""
        before, self._pending = self._pending, None
        gradients: Arrays = {}
        if before is None:
            state = self._runner.run_forward(batch)
        else:
            state, gradients = self._runner.run_both(before, batch)
            self._optimiser.take_step(gradients, learning_rate)
        self._pending = state
        result = state.make_result()
        result.gradients = gradients
        return result

    def flush(self, learning_rate: float) -> None:
        """Run the last batch backward and take its step."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._optimiser.take_step(self._runner.run_backward(pending), learning_rate)
