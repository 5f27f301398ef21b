"""Conversion of a trained network of rectified linear units to spiking neurons, whose rates are the activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError, SettingError
from ..models.losses import find_loss
from ..models.neurons import LI
from ..models.neurons.integrate_and_fire import INTEGRATE_AND_FIRE
from ..models.synapses import EXPONENTIAL
from ..network.network import Connection, Network, Population
from ..spikes.spike_trains import SpikeTrains
from ..system.numbers import check_positive

TAU = 5.0
"""Time constant of synapses and of integrate-and-fire membranes, ms; an arriving spike raises V by its weight."""

Layer = tuple[ArrayLike, ArrayLike]
"""Weights (inputs, units) and biases (units,)."""


@dataclass(frozen=True)
class ConvertedNetwork:
    """A spiking network whose rates are proportional to the activations of rectified linear units.

    Attributes
    ----------
    network : the network; its last input channel always spikes at `max_rate`, for biases.
    parameters : weights by connection, for `Model.set_parameters`.
    largest_input : features of this value or more spike at `max_rate`.
    max_rate : highest rate of an input channel, spikes per ms.
    """

    network: Network
    parameters: dict[str, np.ndarray]
    largest_input: float
    max_rate: float

    def encode(self, features: ArrayLike, duration: float, labels: ArrayLike | None = None) -> SpikeTrains:
        """Make samples from features (B, N): regular spike trains with rates proportional to the features.

        Parameters
        ----------
        features : (B, N), not negative.
        duration : duration of a sample, ms.
        labels : (B,) labels of the samples.

        Raises
        ------
        DataError
            Features have the wrong shape, are negative, or are not finite.
        """
        values = np.asarray(features, float)
        if values.ndim != 2 or values.shape[1] != self.network.input.size - 1:
            raise DataError(f"features have shape {values.shape}; give (B, {self.network.input.size - 1}).")
        if not np.isfinite(values).all() or (values < 0).any():
            raise DataError("features must be finite and not negative, as they become rates.")
        check_positive("duration", duration, "ms")
        parts = np.minimum(values / self.largest_input, 1.0)
        rates = self.max_rate * np.column_stack([parts, np.ones(len(parts))])
        return SpikeTrains.from_events(
            [_make_regular_spikes(of, duration) for of in rates], labels, num_units=rates.shape[1]
        )


def _make_regular_spikes(rates: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Return times (ms) and channels of spikes at constant rates; the first is after half an interval."""
    counts = np.floor(rates * duration + 0.5).astype(int)
    channels = np.repeat(np.arange(len(rates)), counts)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    times = (number + 0.5) / rates[channels]
    order = np.argsort(times, kind="stable")
    return times[order].astype(np.float32), channels[order]


def convert_relu(
    layers: Sequence[Layer], samples: ArrayLike, max_rate: float = 0.2, percentile: float = 99.9
) -> ConvertedNetwork:
    """Convert a network of rectified linear units with linear outputs.

    Weights are scaled with data (Diehl et al. 2015): in each layer, an activation that few samples exceed becomes
    `max_rate`. Rates of the integrate-and-fire neurons are proportional to the activations, and mean output voltages
    approach the outputs of the network in long trials.

    Parameters
    ----------
    layers : weights (inputs, units) and biases (units,) of each layer, that of the outputs last. From scikit-learn:
        `zip(mlp.coefs_, mlp.intercepts_)`; from torch: `(layer.weight.T, layer.bias)` of every `Linear`.
    samples : features (B, N) of training samples, not negative.
    max_rate : highest rate, spikes per ms.
    percentile : percentile of the activations of each layer that becomes `max_rate`, 0 to 100.

    Raises
    ------
    SettingError, DataError
        Shapes of layers or samples do not match, values are not finite, or there are fewer than two layers.
    """
    arrays = _check_layers(layers, samples)
    check_positive("max_rate", max_rate)
    activations = np.asarray(samples, float)
    scale = largest_input = _find_scale(activations, percentile)
    sizes = [weights.shape[1] for weights, _ in arrays]
    names = ["hidden"] if len(sizes) == 2 else [f"hidden{k}" for k in range(len(sizes) - 1)]
    parameters: dict[str, np.ndarray] = {}
    before = "input"
    for name, (weights, biases) in zip([*names, "output"], arrays, strict=True):
        activations = activations @ weights + biases
        if name == "output":
            after = max_rate * TAU  # a leaky output with one spike per ms of weight 1 has the mean voltage TAU
        else:
            activations = np.maximum(activations, 0.0)
            after = _find_scale(activations, percentile)
        _add_weights(parameters, before, name, weights * scale / after, biases / after)
        before, scale = name, after
    return ConvertedNetwork(
        _build_network(arrays[0][0].shape[0] + 1, names, sizes, parameters), parameters, largest_input, max_rate
    )


def _check_layers(layers: Sequence[Layer], samples: ArrayLike) -> list[tuple[np.ndarray, np.ndarray]]:
    arrays = [(np.asarray(weights, float), np.asarray(biases, float)) for weights, biases in layers]
    if len(arrays) < 2:
        raise SettingError(f"{len(arrays)} layer(s) cannot be converted; give at least a hidden layer and outputs.")
    if np.ndim(samples) != 2:
        raise SettingError(f"samples have shape {np.shape(samples)}; give features (B, N).")
    size = np.shape(samples)[1]
    for number, (weights, biases) in enumerate(arrays):
        if weights.ndim != 2 or biases.shape != weights.shape[1:] or weights.shape[0] != size:
            raise SettingError(
                f"layer {number} has weights {weights.shape} and biases {biases.shape}; "
                f"give weights ({size}, units) and biases (units,)."
            )
        if not (np.isfinite(weights).all() and np.isfinite(biases).all()):
            raise DataError(f"layer {number} has weights or biases that are not finite; train it again.")
        size = weights.shape[1]
    return arrays


def _find_scale(activations: np.ndarray, percentile: float) -> float:
    """Find an activation that few samples exceed; 1 if all are 0."""
    return float(np.percentile(activations, percentile)) or float(activations.max()) or 1.0


def _add_weights(
    parameters: dict[str, np.ndarray], before: str, name: str, weights: np.ndarray, biases: np.ndarray
) -> None:
    """Add the weights of a layer; biases become weights from the last input channel."""
    if before == "input":
        parameters[f"input_{name}"] = np.vstack([weights, biases])
        return
    parameters[f"{before}_{name}"] = weights
    inputs = parameters[next(iter(parameters))].shape[0]
    parameters[f"input_{name}"] = np.vstack([np.zeros((inputs - 1, len(biases))), biases])


def _build_network(inputs: int, names: list[str], sizes: list[int], parameters: dict[str, np.ndarray]) -> Network:
    hidden = [
        Population(name, size, INTEGRATE_AND_FIRE, EXPONENTIAL, {"tau_mem": TAU, "tau_syn": TAU})
        for name, size in zip(names, sizes[:-1], strict=True)
    ]
    output = Population("output", sizes[-1], LI, EXPONENTIAL, {"tau_mem": 20.0, "tau_syn": TAU})
    pairs = [name.split("_") for name in parameters]
    return Network(
        (Population("input", inputs), *hidden, output),
        tuple(Connection(before, after, 0.0) for before, after in pairs),
        find_loss("sum"),
    )
