"""Delays of connections, and the optimiser's moments for those that are trained.

They are stored on the host, where a step of the optimiser clips them to their limits, and copied to the device.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...network.network import Network
from ..formulae import compute_adam_step, update_adam_moments
from ..results import Arrays
from .simulation import Simulation
from .weights import MOMENTS


class DelayParameters:
    """All delays of a network, by `{connection}.delay`, ms; trained ones are parameters.

    Parameters
    ----------
    simulation, network : simulation and network of the model.
    dtype : type of delays and moments.
    dt : time step, ms.
    """

    def __init__(self, simulation: Simulation, network: Network, dtype: np.dtype, dt: float) -> None:
        self._simulation, self._network, self._dtype = simulation, network, dtype
        self._connections = {c.delay_name: c for c in network.delayed_connections}
        self._limits = network.list_delay_limits(dt)
        self._trained = [c.delay_name for c in network.delayed_connections if c.delay and c.delay.trained]
        self._numbers = {
            name: np.zeros(network.get_delay_shape(connection), dtype) for name, connection in self._connections.items()
        }
        self._moments = {m: {k: np.zeros_like(self._numbers[k]) for k in self._trained} for m in MOMENTS}

    def __contains__(self, name: str) -> bool:
        return name in self._trained

    def copy_parameters(self) -> Arrays:
        """Copy the trained delays."""
        return {name: self._numbers[name].copy() for name in self._trained}

    def assign(self, delays: Mapping[str, np.ndarray]) -> None:
        """Set some delays, trained or not, and write them to the device."""
        for name, values in delays.items():
            self._numbers[name][...] = values
            self._write(name)

    def copy_moments(self, name: str) -> Arrays:
        """Copies of one of MOMENTS."""
        return {parameter: moment.copy() for parameter, moment in self._moments[name].items()}

    def set_moments(self, name: str, arrays: Arrays) -> None:
        """Overwrite one of MOMENTS."""
        for parameter, moment in arrays.items():
            self._moments[name][parameter][:] = moment

    def take_step(self, gradients: Arrays, constants: Mapping[str, float]) -> None:
        """Take one step of Adam with the learning rate of each connection, and clip delays to their limits.

        Parameters
        ----------
        gradients : mean gradients by parameter.
        constants : ADAM_CONSTANTS of the step.
        """
        for name in self._trained:
            delay, numbers = self._connections[name].delay, self._numbers[name]
            assert delay is not None and delay.trained is not None
            moment1, moment2 = (self._moments[m][name] for m in MOMENTS)
            moment1[:], moment2[:] = update_adam_moments(moment1, moment2, gradients[name], constants)
            numbers -= delay.trained.rate * compute_adam_step(moment1, moment2, constants)
            np.clip(numbers, *self._limits[name], out=numbers)
            self._write(name)

    def _write(self, name: str) -> None:
        """Write delays to the device, one for each synapse."""
        connection, numbers = self._connections[name], self._numbers[name]
        of_synapses = numbers if numbers.ndim == 2 else numbers[:, None]
        shape = self._network.get_weight_shape(connection)
        holder = self._simulation.find_delays(connection.name)
        holder.view[...] = np.reshape(np.broadcast_to(of_synapses, shape), holder.view.shape)
        holder.push_to_device()
