"""genn_shd: the native back end in both schemes, and PyGeNN's CPU or CUDA target; `variant` says which."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.networks import describe_network
from benchmarks.peers.work import Batch, Work, count_cores
from genn_shd import SpikeTrains, compile_network

VARIANTS: dict[str, dict[str, Any]] = {
    "exact": {"scheme": "exact"},
    "exact64": {"scheme": "exact", "precision": "float64"},
    "grid": {"scheme": "grid"},
    "genn_cpu": {"backend": "genn_cpu"},
    "genn_cuda": {"backend": "genn_cuda"},
}


class Adapter:
    """The network, compiled for 32 samples and as many threads as there are cores to run on."""

    def __init__(self, work: Work, variant: str) -> None:
        options = dict(VARIANTS[variant])
        if "scheme" in options:
            options["num_threads"] = count_cores()
        self._channels = work.sizes[0]
        self._model = compile_network(
            describe_network(work),
            batch_size=32,
            dt=work.dt,
            duration=work.duration,
            learning_rate=work.learning_rate,
            **options,
        )
        self._model.set_parameters(work.weights)

    def pack(self, batch: Batch) -> SpikeTrains:
        """Return the samples as spike trains."""
        return SpikeTrains.from_events(batch.events, labels=batch.labels, num_units=self._channels)

    def train_batch(self, batch: SpikeTrains) -> float:
        """Update the weights; returns the loss."""
        return self._model.train_batch(batch).loss

    def gradient(self, batch: SpikeTrains) -> dict[str, np.ndarray]:
        """Return the gradient of the mean loss."""
        return self._model.gradient(batch).gradients
