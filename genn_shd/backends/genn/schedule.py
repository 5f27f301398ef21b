"""Schedules of training: the order of forward passes, backward passes and steps of the optimiser."""

from __future__ import annotations

from typing import Protocol

from ..results import Arrays, BatchResult
from .batch_runner import BatchRunner
from .batch_state import BatchState
from .device_dataset import Batch
from .optimiser import Optimiser


class Schedule(Protocol):
    """The interface of schedules."""

    def train(self, batch: Batch, learning_rate: float) -> BatchResult:
        """Train on a batch, or begin to."""

    def flush(self, learning_rate: float) -> None:
        """Finish the training of the last batch."""


class Sequential:
    """Runs each batch forward and then backward, and takes a step of the optimiser.

    Parameters
    ----------
    runner, optimiser : parts of the model.
    """

    def __init__(self, runner: BatchRunner, optimiser: Optimiser) -> None:
        self._runner, self._optimiser = runner, optimiser

    def train(self, batch: Batch, learning_rate: float) -> BatchResult:
        """Train on a batch."""
        state = self._runner.run_forward(batch)
        result = state.make_result()
        result.gradients = self._runner.run_backward(state)
        self._optimiser.take_step(result.gradients, learning_rate)
        return result

    def flush(self, learning_rate: float) -> None:
        """Do nothing, as no batch is pending."""


class Pipelined:
    """Runs each batch forward and the previous one backward at the same time, and takes the step of the previous one.

    Parameters
    ----------
    runner, optimiser : parts of the model.
    """

    def __init__(self, runner: BatchRunner, optimiser: Optimiser) -> None:
        self._runner, self._optimiser = runner, optimiser
        self._pending: BatchState | None = None

    def train(self, batch: Batch, learning_rate: float) -> BatchResult:
        """Run a batch forward and train on the previous one, whose gradients are in the result."""
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
