"""Delay of a connection: the time from a spike to its arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..errors import SettingError, unknown_name
from ..system.numbers import check_positive
from .initialisers import Distribution, Initial, draw
from .trained import Trained

Per = Literal["synapse", "source"]
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Delay:
    """Delays of a connection, in ms: real numbers, not multiples of the time step.

    A spike at time t arrives at t + delay. The shortest delay is the time step between neurons, and 0 from the source
    of input spikes. Initial values below it, or outside the limits stated here, are set to the nearest limit. Spikes
    that would arrive after the end of the trial are lost.

    Attributes
    ----------
    initial : initial delays, ms: a number or a distribution.
    maximum : longest delay, ms.
    trained : None for constant delays. Otherwise `minimum` is the shortest delay, ms, and one step of the optimiser
        changes a delay by about `rate` times the learning rate, ms.
    per : `synapse` gives every synapse its own delay, `source` one delay to all synapses of a source neuron.
    """

    initial: Initial
    maximum: float
    trained: Trained | None = None
    per: Per = "synapse"

    def __post_init__(self) -> None:
        if self.per not in get_args(Per):
            raise unknown_name("delay per", self.per, get_args(Per))
        check_positive("maximum of a delay", self.maximum, "ms")
        if self.trained is not None and not 0 <= self.trained.minimum < self.maximum:
            raise SettingError(
                f"minimum = {self.trained.minimum} ms of a trained delay is not allowed; it must be >= 0 and below "
                f"its maximum of {self.maximum:g} ms."
            )
        if not isinstance(self.initial, Distribution) and not 0 <= self.initial <= self.maximum:
            raise SettingError(
                f"initial = {self.initial} ms of a delay is not allowed; it must be from 0 to its maximum of "
                f"{self.maximum:g} ms."
            )

    def find_limits(self, shortest: float) -> tuple[float, float]:
        """Return the shortest and the longest delay, ms.

        Parameters
        ----------
        shortest : the shortest delay that the simulation allows, ms.

        Raises
        ------
        SettingError
            `maximum` is below `shortest`.
        """
        if self.maximum < shortest:
            raise SettingError(
                f"maximum = {self.maximum:g} ms of a delay between neurons is shorter than the time step of "
                f"{shortest:g} ms; raise it or lower dt."
            )
        return max(shortest, self.trained.minimum if self.trained else 0.0), self.maximum

    def check(self, name: str, value: np.ndarray, shortest: float) -> None:
        """Raise a SettingError naming `name` unless delays, ms, are within the limits, to single precision."""
        low, high = self.find_limits(shortest)
        outside = ~((low * (1 - _ROUNDING) <= value) & (value <= high * (1 + _ROUNDING)))
        if np.any(outside):
            raise SettingError(
                f"{name} = {value[outside].flat[0]:g} ms is not allowed; it must be from {low:g} to {high:g}."
            )

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], shortest: float) -> np.ndarray:
        """Draw initial delays of a shape, ms, within the limits."""
        return np.clip(draw(self.initial, rng, shape), *self.find_limits(shortest))
