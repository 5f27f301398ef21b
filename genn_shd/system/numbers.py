"""Check numbers from users; errors state the name, the value and the allowed range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import SettingError


def is_number(value: Any) -> bool:
    """Whether a value is a finite real number; a bool is not."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return False
    try:
        return not isinstance(value, np.complexfloating) and math.isfinite(value)
    except OverflowError:  # a whole number above all floats
        return False


def is_whole(value: Any) -> bool:
    """Whether a value has an integer type; a bool does not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def check_positive(name: str, value: Any, unit: str = "") -> None:
    """Check that a value is a finite number above 0.

    Parameters
    ----------
    name : name of the value, for the message.
    value : the value.
    unit : unit of the value, for the message.

    Raises
    ------
    SettingError
        It is not.
    """
    if not (is_number(value) and value > 0):
        raise _refuse(name, value, "> 0 and finite", unit)


def check_whole(name: str, value: Any, least: int) -> None:
    """Check that a value is a whole number >= `least`.

    Raises
    ------
    SettingError
        It is not.
    """
    if not (is_whole(value) and value >= least):
        raise _refuse(name, value, f"a whole number >= {least}")


def check_probability(name: str, value: Any) -> None:
    """Check that a value is a number from 0 to 1.

    Raises
    ------
    SettingError
        It is not.
    """
    if not (is_number(value) and 0 <= value <= 1):
        raise _refuse(name, value, "a number from 0 to 1")


def _refuse(name: str, value: Any, allowed: str, unit: str = "") -> SettingError:
    return SettingError(f"{name} = {value!r}{f' {unit}' if unit else ''} is not allowed; it must be {allowed}.")
