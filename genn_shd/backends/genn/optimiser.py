"""The optimiser: Adam for the weights on the device, and for parameters of neurons and delays on the host."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...network.network import Network
from ..checks import check_parameters
from ..formulae import compute_adam_constants
from ..results import Arrays
from ..run_values import RunValues
from .delay_parameters import DelayParameters
from .device_values import DeviceValues
from .neuron_parameters import NeuronParameters
from .weights import MOMENTS, Weights


class Optimiser:
    """All trained parameters of a network, with their gradients and moments.

    Parameters
    ----------
    network : the network.
    values : run-time values.
    on_device : their copies on the device, updated by a step.
    weights, neurons, delays : the parameters.

    Attributes
    ----------
    steps_taken : number of steps so far.
    """

    def __init__(
        self,
        network: Network,
        values: RunValues,
        on_device: DeviceValues,
        weights: Weights,
        neurons: NeuronParameters,
        delays: DelayParameters,
    ) -> None:
        self._network, self._values, self._on_device = network, values, on_device
        self._weights, self._neurons, self._delays = weights, neurons, delays
        self.steps_taken = 0

    def copy_parameters(self) -> Arrays:
        """Copy all parameters."""
        return {**self._weights.copy_parameters(), **self._neurons.copy_parameters(), **self._delays.copy_parameters()}

    def is_of_neurons(self, parameter: str) -> bool:
        """Whether a parameter belongs to neurons, and so is a run-time value."""
        return parameter in self._neurons

    def read_value(self, parameter: str) -> None:
        """Read the run-time value of a parameter of neurons."""
        self._neurons.read_value(parameter)

    def set_weights(self, weights: Arrays) -> None:
        """Overwrite the weights of some or all connections."""
        self._weights.set_parameters(weights)

    def set_delays(self, delays: Mapping[str, np.ndarray]) -> None:
        """Overwrite the delays of some connections, trained or not, by name."""
        self._delays.assign(delays)

    def clear_gradients(self) -> None:
        """Set the gradients of all lanes to zero."""
        self._weights.clear_gradients()

    def average_gradients(self, size: int) -> Arrays:
        """Average the gradients over a batch of `size` samples, and clear those of the lanes.

        Raises
        ------
        DivergedError
            A gradient is not finite.
        """
        return self._weights.average_gradients(size)

    def take_step(self, gradients: Arrays, learning_rate: float) -> None:
        """Take one step with the gradients that `average_gradients` returned last."""
        self.steps_taken += 1
        constants = compute_adam_constants(learning_rate, self._values, self.steps_taken)
        self._weights.take_step(constants)
        self._neurons.take_step(gradients, constants)
        self._delays.take_step(gradients, constants)
        self._on_device.write_trained()

    def copy_state(self) -> Arrays:
        """Copy the moments and the number of steps."""
        holders = (self._weights, self._neurons, self._delays)
        moments = {f"{m}.{k}": a for m in MOMENTS for holder in holders for k, a in holder.copy_moments(m).items()}
        return {**moments, "steps_taken": np.array(self.steps_taken)}

    def set_state(self, state: Arrays) -> None:
        """Restore a state from `copy_state`."""
        for moment in MOMENTS:
            arrays = {name: state[f"{moment}.{name}"] for name in self._network.parameter_shapes}
            check_parameters(arrays, self._network)
            of_neurons = {k: a for k, a in arrays.items() if k in self._neurons}
            of_delays = {k: a for k, a in arrays.items() if k in self._delays}
            self._neurons.set_moments(moment, of_neurons)
            self._delays.set_moments(moment, of_delays)
            self._weights.set_moments(moment, {k: a for k, a in arrays.items() if k not in of_neurons | of_delays})
        self.steps_taken = int(state["steps_taken"])
