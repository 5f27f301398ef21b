"""Descriptions of connections with delays for the templates of the library, and the lengths of their buffers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...network.network import Connection
from ..delays import count_steps
from ..trained_network import TrainedNetwork

_RATE = 0.125
"""Firing rate of source neurons, averaged over the longest delay, for which buffers have room; spikes per ms."""


@dataclass(frozen=True, eq=False)
class LateConnection:
    """A connection with delays.

    Attributes
    ----------
    delays : (pre, post) or (pre,), ms.
    steps : delays in time steps, less those that a spike takes without a delay; same shape.
    least : time steps that a spike takes without a delay: 1 between neurons, 0 from the input.
    longest : number of steps after which a spike has arrived at all targets.
    room : name of the macro for the number of spikes that can be under way at once.
    capacity : value of the macro.
    """

    delays: np.ndarray
    steps: np.ndarray
    least: int
    longest: int
    room: str
    capacity: int

    @property
    def per_synapse(self) -> bool:
        """Whether each synapse has its own delay, not only each source neuron."""
        return self.delays.ndim == 2


def describe_late(trained: TrainedNetwork, connection: Connection, scalar: type, start: str) -> LateConnection:
    """Describe a connection with delays.

    Parameters
    ----------
    trained : the network.
    connection : a connection with delays.
    scalar : floating-point type of the library.
    start : prefix of the names of macros.
    """
    delays: np.ndarray = trained.delays[connection.delay_name].astype(scalar)
    least = 0 if connection.source == trained.network.input.name else 1
    steps = count_steps(delays, least, trained.dt, scalar)
    longest = int(delays.max() / trained.dt) + 2
    size = max(16, len(delays))
    return LateConnection(
        delays=delays,
        steps=steps.astype(np.uint8 if steps.max(initial=0) < 256 else np.uint16),
        least=least,
        longest=longest,
        room=f"{start}_MAX_{connection.name.upper()}_UNDER_WAY",
        capacity=size + math.ceil(longest * trained.dt * size * _RATE),
    )
