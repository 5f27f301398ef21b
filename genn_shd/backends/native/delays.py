"""Delays of connections: the arrays that the library reads, and the limits of trained delays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...eventprop.program import Program
from ...network.network import Connection
from .layout import PARTS_OF_STEP, Layout, make_aligned_zeros
from .memory import ParameterMemory


class Delays:
    """Delays of all connections that have them. Trained or not, they are in the array of parameters.

    Parameters
    ----------
    program, layout : those of the compiled library.
    memory : memory of the parameters.
    dt : time step, ms.
    """

    def __init__(self, program: Program, layout: Layout, memory: ParameterMemory, dt: float) -> None:
        self._network, self._memory, self._dt = program.network, memory, dt
        self._fine = {name: place for name, place in layout.by_target.items() if program.scheme == "exact"}
        size = sum(place.pre * place.stride for place in self._fine.values())
        self._by_target = make_aligned_zeros(size, np.dtype(np.uint16))
        self._ring_steps = np.array([self._count_steps_into(p.name) for p in program.populations], np.int32)

    @property
    def members(self) -> dict[str, Any]:
        """Members of `Batch` that point to them."""
        return {"fine_delays": self._by_target, "ring_steps": self._ring_steps}

    def assign(self, delays: dict[str, np.ndarray]) -> None:
        """Set some delays, given by name."""
        for connection in self._network.delayed_connections:
            if connection.delay_name in delays:
                self._memory.view_delays(connection)[:] = delays[connection.delay_name]
        self.refresh()

    def follow_trained(self) -> None:
        """Move delays to their limits after an optimiser step."""
        for connection in self._network.delayed_connections:
            if connection.delay and connection.delay.trained:
                delays = self._memory.view_delays(connection)
                np.clip(delays, *self._network.find_delay_limits(connection, self._dt), out=delays)
        self.refresh()

    def refresh(self) -> None:
        """Update the arrays from the delays in the parameters: neurons that spike look for their arrivals in them."""
        for connection in self._network.delayed_connections:
            if connection.name in self._fine:
                parts = self._memory.view_delays(connection) * (PARTS_OF_STEP / self._dt)
                self._fine[connection.name].view(self._by_target)[:] = parts.astype(np.int64).T  # modulo 65536

    def _count_steps_into(self, population: str) -> int:
        """Count the steps within which spikes sent to a population can arrive, with one more for rounding."""
        longest = [self._limit(c) for c in self._network.delayed_connections if c.target == population]
        return max((int(limit / self._dt) + 3 for limit in longest), default=0)

    def _limit(self, connection: Connection) -> float:
        return self._network.find_delay_limits(connection, self._dt)[1]
