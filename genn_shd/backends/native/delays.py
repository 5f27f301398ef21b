"""Delays of connections: where the library reads them, and the limits within which they are trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...eventprop.program import Program
from ...network.network import Connection
from .layout import Layout, make_aligned_zeros
from .memory import ParameterMemory


class Delays:
    """Delays of all connections that have them. They stand among the parameters, whether they are trained or not.

    Parameters
    ----------
    program, layout : as compiled.
    memory : of the parameters.
    dtype : of delays.
    dt : ms.
    """

    def __init__(self, program: Program, layout: Layout, memory: ParameterMemory, dtype: np.dtype, dt: float) -> None:
        self._network, self._layout, self._memory, self._dt = program.network, layout, memory, dt
        size = sum(place.pre * place.stride for place in layout.by_target.values())
        self._by_target = make_aligned_zeros(size, dtype)
        self._ring_steps = np.array([self._count_steps_into(p.name) for p in program.populations], np.int32)

    @property
    def members(self) -> dict[str, Any]:
        """Members of `Batch` that point to them."""
        return {"delays_by_target": self._by_target, "ring_steps": self._ring_steps}

    def assign(self, delays: dict[str, np.ndarray]) -> None:
        """Set some of them, by name."""
        for connection in self._network.delayed_connections:
            if connection.delay_name in delays:
                self._memory.view_delays(connection)[:] = delays[connection.delay_name]
        self.refresh()

    def follow_trained(self) -> None:
        """After a step of the optimiser: keep delays within their limits."""
        for connection in self._network.delayed_connections:
            if connection.delay and connection.delay.trained:
                delays = self._memory.view_delays(connection)
                np.clip(delays, *self._network.find_delay_limits(connection, self._dt), out=delays)
        self.refresh()

    def refresh(self) -> None:
        """Follow the delays among the parameters."""
        for connection in self._network.delayed_connections:
            if connection.name in self._layout.by_target:
                delays = self._memory.view_delays(connection)
                self._layout.by_target[connection.name].view(self._by_target)[:] = delays.T

    def _count_steps_into(self, population: str) -> int:
        """Steps within which what is sent to a population may arrive, one to spare for rounding."""
        longest = [self._limit(c) for c in self._network.delayed_connections if c.target == population]
        return max((int(limit / self._dt) + 3 for limit in longest), default=0)

    def _limit(self, connection: Connection) -> float:
        return self._network.find_delay_limits(connection, self._dt)[1]
