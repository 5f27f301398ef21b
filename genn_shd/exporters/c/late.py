"""Connections with delays, as numbers of the library: how long its memory of them is, and what its templates read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...network.network import Connection
from ..delays import count_steps
from ..trained_network import TrainedNetwork

_RATE = 0.125
"""Spikes of a source neuron in a ms while they are under way, for which there is room."""


@dataclass(frozen=True, eq=False)
class LateConnection:
    """A connection with delays.

    Attributes
    ----------
    delays : (pre, post) or (pre,), ms.
    steps : the same in whole time steps beyond those that a spike takes without delays.
    least : time steps that every spike takes: 1 between neurons.
    longest : steps after which a spike has arrived everywhere.
    room : macro for the number of spikes that may be under way.
    capacity : its value.
    """

    delays: np.ndarray
    steps: np.ndarray
    least: int
    longest: int
    room: str
    capacity: int

    @property
    def per_synapse(self) -> bool:
        """Whether synapses of one neuron have delays of their own."""
        return self.delays.ndim == 2


def describe_late(trained: TrainedNetwork, connection: Connection, scalar: type, start: str) -> LateConnection:
    """Describe a connection with delays.

    Parameters
    ----------
    trained : the network.
    connection : one that has delays.
    scalar : type of floating-point numbers in the library, which rounds as the back end does.
    start : of the names of macros.
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
