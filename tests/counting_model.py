"""A model for tests of training: no simulation, a rectified layer on input spike counts, exact gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from genn_shd import BatchResult, Model, Network, SpikeTrains
from genn_shd.backends.results import Arrays


class CountingModel(Model):
    """Hidden spike counts are the rounded-down rectified sums of weighted input counts; momentum descent."""

    backend = "counting"
    precision = "float64"
    momentum = 0.9

    def __init__(self, network: Network, batch_size: int = 4, learning_rate: float = 0.1, seed: int = 0) -> None:
        self.network = network
        self.batch_size, self.learning_rate = batch_size, learning_rate
        self.dt, self.duration, self.seed = 1.0, 100.0, seed
        rng = np.random.default_rng(seed)
        self._parameters = {c.name: rng.normal(0.2, 0.2, network.get_weight_shape(c)) for c in network.connections}
        self._velocity = {name: np.zeros_like(w) for name, w in self._parameters.items()}
        self._values: dict[str, Any] = {f"{network.input.name}.delays": np.array(network.input.delays)}
        self.batches = 0
        self.learning_rates: list[float] = []
        self.closed = False

    def evaluate_batch(self, batch: SpikeTrains) -> BatchResult:
        return self._run(batch)

    def gradient(self, batch: SpikeTrains) -> BatchResult:
        with np.errstate(all="ignore"):  # tests of divergence overflow on purpose
            return self._run(batch, with_gradients=True)

    def train_batch(self, batch: SpikeTrains) -> BatchResult:
        result = self.gradient(batch)
        self.batches += 1
        self.learning_rates.append(self.learning_rate)
        for name, gradient in result.gradients.items():
            self._velocity[name] = self.momentum * self._velocity[name] - self.learning_rate * gradient
            self._parameters[name] = self._parameters[name] + self._velocity[name]
        return result

    def _run(self, batch: SpikeTrains, with_gradients: bool = False) -> BatchResult:
        counts = np.stack([np.bincount(batch[b][1], minlength=batch.num_units) for b in range(len(batch))])
        into, out = self._parameters["input_hidden"], self._parameters["hidden_output"]
        drive = np.maximum(0.0, counts @ into)
        logits = drive @ out
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        softmax = shifted / shifted.sum(axis=1, keepdims=True)
        rows = np.arange(len(batch))
        losses = -np.log(softmax[rows, batch.labels])
        gradients: Arrays = {}
        if with_gradients:
            error = softmax.copy()
            error[rows, batch.labels] -= 1.0
            error /= len(batch)
            gradients["hidden_output"] = drive.T @ error
            gradients["input_hidden"] = counts.T @ ((error @ out.T) * (drive > 0))
        return BatchResult(
            loss=float(losses.mean()),
            losses=losses,
            predictions=logits.argmax(axis=1),
            logits=logits,
            spike_counts={"hidden": np.floor(drive).astype(np.int32)},
            gradients=gradients,
        )

    @property
    def parameters(self) -> Arrays:
        return {name: weights.copy() for name, weights in self._parameters.items()}

    def set_parameters(self, parameters: Arrays) -> None:
        self._parameters |= {name: weights.copy() for name, weights in parameters.items()}

    @property
    def optimiser_state(self) -> Arrays:
        return {name: velocity.copy() for name, velocity in self._velocity.items()}

    def set_optimiser_state(self, state: Arrays) -> None:
        self._velocity = {name: velocity.copy() for name, velocity in state.items()}

    @property
    def values(self) -> dict[str, Any]:
        return dict(self._values)

    def set_value(self, name: str, value: float | np.ndarray) -> None:
        self._values[name] = value

    @property
    def environment(self) -> dict[str, Any]:
        return {"backend": self.backend}

    def close(self) -> None:
        self.closed = True
