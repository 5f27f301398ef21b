"""Checks of numbers that a user gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from genn_shd import SettingError
from genn_shd.system.numbers import check_positive, check_probability, check_whole, is_number

NOT_NUMBERS = [True, np.True_, None, "1", [1.0], 1j, np.complex64(1), math.nan, math.inf, 10**400, np.float32(np.inf)]


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.25), np.int64(1)])
def test_numbers_of_python_and_numpy_are_allowed(value):
    assert is_number(value)
    check_positive("dt", value)
    check_probability("p", value)


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_what_is_no_finite_number_is_refused(value):
    assert not is_number(value)
    with pytest.raises(SettingError, match=r"^dt = .* ms is not allowed; it must be > 0 and finite\.$"):
        check_positive("dt", value, "ms")
    with pytest.raises(SettingError, match="^p = .* is not allowed; it must be a number from 0 to 1"):
        check_probability("p", value)


def test_limits():
    for value in (0, -1.0):
        with pytest.raises(SettingError, match="> 0"):
            check_positive("dt", value)
    for value in (-0.1, 1.1):
        with pytest.raises(SettingError, match="0 to 1"):
            check_probability("p", value)
    check_whole("size", np.int32(2), 2)
    for value in (1, 2.0, True, None, "2"):
        with pytest.raises(SettingError, match="^size = .* is not allowed; it must be a whole number >= 2"):
            check_whole("size", value, 2)
