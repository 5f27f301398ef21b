"""The input current of a neuron: a number, an array with a value for each step, or a function of time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ..errors import SettingError

Waveform = ArrayLike | Callable[[float], float]


class Current:
    """An input current, divided into the steps of a simulation.

    Parameters
    ----------
    waveform : a number, an array of shape (num_steps,), or a function of time in ms.
    num_steps : number of steps of the simulation.
    dt : length of a step, ms.

    Raises
    ------
    SettingError
        The waveform has another type or shape, or a value that is not finite.
    """

    def __init__(self, waveform: Waveform, num_steps: int, dt: float) -> None:
        self._function = waveform if callable(waveform) else None
        self.samples = (
            np.array([self._check_value(k * dt) for k in range(num_steps + 1)])
            if callable(waveform)
            else _read_samples(waveform, num_steps)
        )

    def select_step(self, step: int) -> Callable[[float], float]:
        """Return the current during one step, as a function of time in ms."""
        if self._function is not None:
            return self._check_value
        value = float(self.samples[step])
        return lambda _: value

    def _check_value(self, time: float) -> float:
        assert self._function is not None
        try:
            number = float(value := self._function(time))
        except ArithmeticError as error:
            raise SettingError(
                f"current({time:g}) fails: {error}; it must be a finite number at every time."
            ) from error
        except (TypeError, ValueError):
            raise SettingError(
                f"current({time:g}) is {value!r}; a function of the time in ms must return a number."
            ) from None
        if not np.isfinite(number):
            raise SettingError(f"current({time:g}) is {number}; it must be finite.")
        return number


def _read_samples(waveform: ArrayLike, num_steps: int) -> np.ndarray:
    try:
        array = np.asarray(waveform, dtype=np.float64)
    except (TypeError, ValueError):
        raise SettingError(
            f"current = {waveform!r} is not allowed; it must be a number, an array or a function of the time in ms."
        ) from None
    if not np.isfinite(array).all():
        raise SettingError("current has values that are not finite; replace them.")
    if array.ndim == 0:
        return np.full(num_steps + 1, array)
    if array.shape == (num_steps,):
        return np.append(array, array[-1:])
    if array.shape != (num_steps + 1,):
        raise SettingError(
            f"current has shape {array.shape}; duration / dt = {num_steps} steps need one number each, so "
            f"the shape ({num_steps},)."
        )
    return array
