"""Results of the simulation of a single neuron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import unknown_name
from ..network.definitions import CURRENT


@dataclass(frozen=True)
class Trajectory:
    """State of a neuron over time, and its spikes.

    `trajectory["V"]` returns a state variable, a requested quantity, or the current `I`.

    Attributes
    ----------
    times : 0, dt, 2 dt, ... in ms, shape (steps + 1,).
    current : `I` at these times, shape (steps + 1,).
    state : state variable -> its values at these times, after the reset of a spike at that time, shape (steps + 1,).
    quantities : name -> values of the requested expression at these times, shape (steps + 1,).
    spike_times : times of spikes in ms, rising, shape (spikes,); not rounded to steps.
    """

    times: np.ndarray
    current: np.ndarray
    state: Mapping[str, np.ndarray]
    quantities: Mapping[str, np.ndarray]
    spike_times: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        named = {CURRENT: self.current, **self.state, **self.quantities}
        if name not in named:
            raise unknown_name("quantity", name, named)
        return named[name]
