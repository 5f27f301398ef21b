"""Memory for the results of one batch, and their conversion to a `BatchResult`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import BackendError, DivergedError
from ...eventprop.program import Program
from ..results import Arrays, BatchResult
from .generator import MAX_RATE
from .structures import Status


class Outcome:
    """Arrays that the library fills for one batch.

    Parameters
    ----------
    program : program of the compiled library.
    size : number of samples.
    dtype : type of logits.
    gradient : (num_parameters,), with padding; no later batch writes to it.
    """

    def __init__(self, program: Program, size: int, dtype: np.dtype, gradient: np.ndarray) -> None:
        self.gradient = gradient
        self._spiking, self._size = [p for p in program.populations if p.spike], size
        self._losses = np.empty(size, np.float64)
        self._logits = np.empty((size, program.output.size), dtype)
        self._counts = np.empty(sum(p.size for p in self._spiking) * size or 1, np.int32)
        self._grazing = np.zeros(size, np.int32)
        self._lost_arrivals = np.zeros(size, np.int64)
        self._diverged = np.zeros(1, np.int64)
        self._program = program

    @property
    def members(self) -> dict[str, Any]:
        """Members of `Batch` that point to them."""
        return {
            "gradient": self.gradient,
            "losses": self._losses,
            "logits": self._logits,
            "grazing": self._grazing,
            "lost_arrivals": self._lost_arrivals,
            "diverged": self._diverged,
            "spike_counts": self._counts,
        }

    def make_result(self) -> BatchResult:
        """Return the result of the batch for the caller of the model, without gradients."""
        return BatchResult(
            loss=float(self._losses.mean()),
            losses=self._losses,
            predictions=self._logits.argmax(axis=1),
            logits=self._logits,
            spike_counts=self._split_counts(),
            grazing=int(self._grazing.sum()),
            lost_arrivals=int(self._lost_arrivals.sum()),
        )

    def _split_counts(self) -> Arrays:
        named, start = {}, 0
        for p in self._spiking:
            end = start + self._size * p.size
            named[p.name] = self._counts[start:end].reshape(self._size, p.size)
            start = end
        return named

    def check(self, status: int, dt: float) -> None:
        """Raise an error for a batch that failed.

        Parameters
        ----------
        status : status of the batch.
        dt : time step, ms.

        Raises
        ------
        BackendError, DivergedError
            The batch failed; the message names the setting to change.
        """
        if status == Status.DIVERGED:
            place = int(self._diverged[0])
            population = self._program.populations[place >> 56]
            finer = ", raise simulation.substeps," if self._program.scheme == "exact" else ""
            raise DivergedError(
                f"population {population.name!r}: the state of neuron {place & 0xFFFFFFFF} grows without limit at "
                f"{(place >> 32 & 0xFFFFFF) * dt:g} ms; lower simulation.dt{finer} or use smaller weights."
            )
        _check_status(status)


def _check_status(status: int) -> None:
    if status == Status.OUT_OF_MEMORY:
        raise BackendError("out of memory for the spikes of a batch; lower training.batch_size.")
    if status == Status.NOT_FINITE:
        raise DivergedError("a weight or its gradient is not finite; lower optimiser.learning_rate.")
    if status == Status.RUNAWAY:
        raise DivergedError(
            f"neurons excite each other to more than {MAX_RATE} spikes a ms; lower the weights they start with."
        )
