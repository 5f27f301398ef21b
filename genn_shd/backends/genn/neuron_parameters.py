"""Trained parameters of neurons, and the optimiser's moments for them.

They are stored on the host, where the coefficients for the device are computed from them after every step.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...network.network import Network
from ..formulae import compute_adam_step, update_adam_moments
from ..results import Arrays
from ..run_values import RunValues
from .weights import MOMENTS


class NeuronParameters:
    """All trained parameters of a network's neurons, by `{population}.{parameter}`, (N,) each.

    Parameters
    ----------
    network : the network.
    values : run-time values, which include the parameters and are updated by the optimiser.
    dtype : type of parameters and moments.
    """

    def __init__(self, network: Network, values: RunValues, dtype: np.dtype) -> None:
        self._trained = {f"{p.name}.{name}": how for p in network.populations for name, how in p.trained.items()}
        self._values, self._dtype = values, dtype
        self._numbers: Arrays = {}
        for name in self._trained:
            self.read_value(name)
        self._moments = {m: {k: np.zeros_like(a) for k, a in self._numbers.items()} for m in MOMENTS}

    def __contains__(self, name: str) -> bool:
        return name in self._trained

    def read_value(self, name: str) -> None:
        """Read a run-time value that was set, and round it to the precision of the parameters."""
        self._numbers[name] = self._values[name].astype(self._dtype)
        self._values.set(name, self._numbers[name].astype(np.float64))

    def copy_parameters(self) -> Arrays:
        """Copy all parameters."""
        return {name: numbers.copy() for name, numbers in self._numbers.items()}

    def copy_moments(self, name: str) -> Arrays:
        """Copies of one of MOMENTS."""
        return {parameter: moment.copy() for parameter, moment in self._moments[name].items()}

    def set_moments(self, name: str, arrays: Arrays) -> None:
        """Overwrite one of MOMENTS."""
        for parameter, moment in arrays.items():
            self._moments[name][parameter][:] = moment

    def take_step(self, gradients: Arrays, constants: Mapping[str, float]) -> None:
        """Take one step of Adam with the learning rate and the minimum of each parameter, and update run-time values.

        Parameters
        ----------
        gradients : mean gradients by parameter.
        constants : ADAM_CONSTANTS of the step.
        """
        for name, how in self._trained.items():
            numbers = self._numbers[name]
            numbers -= how.rate * self._update_adam(name, gradients[name], constants)
            np.maximum(numbers, how.minimum, out=numbers)
            self._values.set(name, numbers.astype(np.float64))

    def _update_adam(self, name: str, gradient: np.ndarray, constants: Mapping[str, float]) -> np.ndarray:
        """Update the moments, and return the step without the parameter's factor of the learning rate."""
        moment1, moment2 = (self._moments[m][name] for m in MOMENTS)
        moment1[:], moment2[:] = update_adam_moments(moment1, moment2, gradient, constants)
        return compute_adam_step(moment1, moment2, constants)
