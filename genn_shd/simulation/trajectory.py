"""Results of the simulation of a single neuron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import unknown_name
from ..network.definitions import CURRENT


@dataclass(frozen=True)
class Trajectory:
    """The course of a neuron's state in time, and its spikes.

    `trajectory["V"]` is a state variable, a quantity that was asked for, or the current `I`.

    Attributes
    ----------
    times : 0, dt, 2 dt, ..., ms, shape (steps + 1,).
    current : `I` at these times, shape (steps + 1,).
    state : state variable -> its values at these times, shape (steps + 1,). A spike at such a time has been reset.
    quantities : name -> values of the expression that was asked for under it, shape (steps + 1,).
    spike_times : ms, in order, shape (spikes,); they lie between the times of the steps.
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
