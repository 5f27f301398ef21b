"""Whether the numbers that an augmentation is made with are allowed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import SettingError


def whole(owner: object, name: str, minimum: int) -> None:
    """A whole number, `minimum` or more.

    Raises
    ------
    SettingError
        It is not.
    """
    value = getattr(owner, name)
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < minimum:
        raise SettingError(f"{_place(owner, name, value)} must be a whole number, {minimum} or more.")


def positive(owner: object, name: str) -> None:
    """A finite number above 0.

    Raises
    ------
    SettingError
        It is not.
    """
    value = getattr(owner, name)
    if not (is_number(value) and value > 0):
        raise SettingError(f"{_place(owner, name, value)} must be a positive number.")


def probability(owner: object, name: str) -> None:
    """A number from 0 to 1.

    Raises
    ------
    SettingError
        It is not.
    """
    value = getattr(owner, name)
    if not (is_number(value) and 0 <= value <= 1):
        raise SettingError(f"{_place(owner, name, value)} must be a number from 0 to 1.")


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)


def _place(owner: object, name: str, value: Any) -> str:
    return f"{type(owner).__name__}: {name} = {value!r}"
