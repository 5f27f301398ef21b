"""Weights, their moments and all gradients on the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...errors import DivergedError
from ...network.network import Network
from ..results import Arrays
from .learning import REDUCE, STEP, name_adam, reduce_name
from .simulation import Simulation

MOMENTS = ("moment1", "moment2")


class Weights:
    """All connections of a network in a simulation, and the mean gradients of all trained parameters."""

    def __init__(self, simulation: Simulation, network: Network) -> None:
        self._simulation = simulation
        self._shapes: dict[str, tuple[int, ...]] = {c.name: network.get_weight_shape(c) for c in network.connections}
        self._trained = network.parameter_shapes
        # Gradients are those of synapses; if these share the delay of their source, they are summed.
        self._of_synapses = {c.delay_name: network.get_weight_shape(c) for c in network.delayed_connections}

    def copy_parameters(self) -> Arrays:
        """Copy the weights, (pre, post) by connection."""
        return self._pull(self._shapes, self._simulation.find_weights)

    def set_parameters(self, parameters: Arrays) -> None:
        """Overwrite the weights of some or all connections."""
        self._push(parameters, self._simulation.find_weights)

    def copy_moments(self, name: str) -> Arrays:
        """Copies of one of MOMENTS by connection."""
        return self._pull(
            self._shapes, lambda connection: self._simulation.update_variable(name_adam(connection), name)
        )

    def set_moments(self, name: str, arrays: Arrays) -> None:
        """Overwrite one of MOMENTS for some or all connections."""
        self._push(arrays, lambda connection: self._simulation.update_variable(name_adam(connection), name))

    def clear_gradients(self) -> None:
        """Set the gradients of all lanes to zero."""
        self._simulation.update(REDUCE)

    def average_gradients(self, size: int) -> Arrays:
        """Average the gradients of all trained parameters over a batch, and clear those of the lanes.

        Parameters
        ----------
        size : number of samples in the batch.

        Raises
        ------
        DivergedError
            A gradient is not finite.
        """
        for name in self._trained:
            self._simulation.set_update(reduce_name(name), share=1.0 / size)
        self._simulation.update(REDUCE)
        shapes = {name: self._of_synapses.get(name, shape) for name, shape in self._trained.items()}
        gradients = self._pull(shapes, lambda name: self._simulation.update_variable(reduce_name(name), "mean"))
        for name in self._of_synapses:
            if name in gradients and gradients[name].shape != self._trained[name]:
                gradients[name] = gradients[name].sum(axis=1)
        if not all(np.isfinite(gradient.sum(dtype=np.float64)) for gradient in gradients.values()):
            raise DivergedError("the gradient is not finite; lower optimiser.learning_rate.")
        return gradients

    def take_step(self, constants: Mapping[str, float]) -> None:
        """Take one step of Adam with the last mean gradients.

        Parameters
        ----------
        constants : ADAM_CONSTANTS of the step.
        """
        for name in self._shapes:
            self._simulation.set_update(name_adam(name), **constants)
        self._simulation.update(STEP)

    def _pull(self, shapes: Mapping[str, tuple[int, ...]], variable: Callable[[str], Any]) -> Arrays:
        arrays = {}
        for name, shape in shapes.items():
            holder = variable(name)
            holder.pull_from_device()
            arrays[name] = holder.view.reshape(shape).copy()
        return arrays

    def _push(self, arrays: Arrays, variable: Callable[[str], Any]) -> None:
        for name, values in arrays.items():
            holder = variable(name)
            holder.view[...] = np.reshape(values, holder.view.shape)
            holder.push_to_device()
