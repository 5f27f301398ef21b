"""Checks of batches and parameters, the same for all back ends."""

from __future__ import annotations

import numpy as np

from ..errors import DataError, SettingError, unknown_name
from ..network.network import Network
from ..spikes.spike_trains import SpikeTrains
from .results import Arrays


def check_batch(batch: SpikeTrains, network: Network, batch_size: int, labelled: bool) -> None:
    """Raise a DataError for a batch that is empty or too large, or has channels or labels out of range."""
    if not isinstance(batch, SpikeTrains):
        raise DataError(f"a batch must be a SpikeTrains, not {type(batch).__name__}; see SpikeTrains.from_events.")
    check_units(batch, network)
    check_labels(batch.labels, network, batch_size, labelled)


def check_units(samples: SpikeTrains, network: Network) -> None:
    """Raise a DataError for spikes of channels that the network does not have."""
    if samples.num_units <= network.input.size or not samples.num_spikes:
        return
    highest = int(samples.units.max())
    if highest >= network.input.size:
        raise DataError(
            f"unit {highest} is out of range: the network has {network.input.size} inputs "
            f"(0 to {network.input.size - 1})."
        )


def check_labels(labels: np.ndarray, network: Network, batch_size: int, labelled: bool) -> None:
    """Raise a DataError unless there are 1 to `batch_size` labels, all in range."""
    if not 1 <= len(labels) <= batch_size:
        raise DataError(f"a batch must have 1 to batch_size = {batch_size} samples, not {len(labels)}.")
    lowest = 0 if labelled else -1
    wrong = (labels < lowest) | (labels >= network.output.size)
    if np.any(wrong):
        index = int(np.argmax(wrong))
        raise DataError(
            f"sample {index}: label {labels[index]} is out of range; the network has {network.output.size} "
            f"classes (0 to {network.output.size - 1}){', and training needs a label' if labelled else ''}."
        )


def check_delays(parameters: Arrays, network: Network, dt: float) -> None:
    """Raise a SettingError for trained delays outside their limits, with the time step `dt`, ms."""
    for connection in network.delayed_connections:
        if connection.delay_name in parameters:
            network.check_delays(connection, np.asarray(parameters[connection.delay_name]), dt)


def check_parameters(parameters: Arrays, network: Network) -> None:
    """Raise a SettingError for unknown names, wrong shapes and values that are not finite."""
    shapes = network.parameter_shapes
    for name, array in parameters.items():
        if name not in shapes:
            raise unknown_name("parameter", name, shapes)
        if np.shape(array) != shapes[name]:
            raise SettingError(f"parameter {name} has shape {np.shape(array)}; it must be {shapes[name]}.")
        if not np.all(np.isfinite(array)):
            raise SettingError(f"parameter {name} holds numbers that are not finite.")
