"""The parameters of a space as typed parameters of the package `bayesian-optimization`.

The kernel sees every range as the unit interval, so that length scales are comparable, and a category as one dimension
per value. Inactive parameters get neutral values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from bayes_opt.parameter import CategoricalParameter, FloatParameter, IntParameter

from ..space import Choice, IntegerRange, Parameter, RealRange, Space, format_label


class Real(FloatParameter):
    """A real range, as the unit interval."""

    def __init__(self, parameter: RealRange) -> None:
        super().__init__(parameter.name, (0.0, 1.0))
        self._parameter = parameter
        self.neutral = parameter.from_unit(0.5)

    def to_float(self, value: float) -> float:
        """Return the number in [0, 1] of a value."""
        return self._parameter.to_unit(value)

    def to_param(self, value: Any) -> float:
        """Return the value at a number in [0, 1]."""
        return self._parameter.from_unit(float(np.squeeze(value)))


class Whole(IntParameter):
    """A range of whole numbers, which the kernel sees as the unit interval."""

    def __init__(self, parameter: IntegerRange) -> None:
        super().__init__(parameter.name, (int(parameter.low), int(parameter.high)))
        self._parameter = parameter
        self._places = np.array([parameter.to_unit(k) for k in range(int(parameter.low), int(parameter.high) + 1)])
        self.neutral = parameter.from_unit(0.5)

    def random_sample(self, n_samples: int, random_state: Any) -> np.ndarray:
        """Draw whole numbers from the distribution of the parameter."""
        units = random_state.uniform(0.0, 1.0, n_samples)
        return np.array([self._parameter.from_unit(unit) for unit in units], dtype=float)

    def kernel_transform(self, value: np.ndarray) -> np.ndarray:
        """Return the numbers in [0, 1] of the nearest whole numbers."""
        return self._places[np.rint(value).astype(int) - int(self._parameter.low)]


class Category(CategoricalParameter):
    """A choice among values, represented by their labels, because the package needs hashable values."""

    def __init__(self, parameter: Choice) -> None:
        super().__init__(parameter.name, [format_label(value) for value in parameter.values])
        self._values = dict(zip(self.categories, parameter.values, strict=True))
        self.neutral = parameter.values[0]

    def to_float(self, value: Any) -> np.ndarray:
        """Return 1 for the value and 0 for the others."""
        return super().to_float(format_label(value))

    def to_param(self, value: Any) -> Any:
        """Return the value with the largest number."""
        return self._values[super().to_param(value)]


def convert_parameters(space: Space) -> dict[str, Real | Whole | Category]:
    """Make a typed parameter for each parameter of a space that has more than one value."""
    return {p.name: _to_type(p) for p in space if not (isinstance(p, Choice) and len(p.values) == 1)}


def _to_type(parameter: Parameter) -> Real | Whole | Category:
    match parameter:
        case RealRange():
            return Real(parameter)
        case IntegerRange():
            return Whole(parameter)
        case Choice():
            return Category(parameter)
    raise TypeError(f"{type(parameter).__name__} has no counterpart in the package.")


class Neutral:
    """Gives inactive parameters neutral values in the input of the kernel, so that they do not matter.

    Parameters
    ----------
    space : the space, with the conditions of its parameters.
    parameters : typed parameters of the package, by name.
    masks : name -> (D,) bool, columns of the parameter.
    """

    def __init__(
        self, space: Space, parameters: Mapping[str, Real | Whole | Category], masks: Mapping[str, np.ndarray]
    ) -> None:
        self._space, self._parameters, self._masks = space, parameters, masks
        self._conditional = [p for p in space if p.when and p.name in parameters]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return points (N, D) with neutral values of inactive parameters."""
        if not self._conditional:
            return x
        x = np.array(x, copy=True)
        active: dict[str, np.ndarray] = {}
        for p in self._space:
            active[p.name] = np.ones(len(x), dtype=bool)
            for name, values in p.when.items():
                active[p.name] &= active[name] & self._is_one_of(x, name, values)
            if p.when and p.name in self._parameters:
                x[np.ix_(~active[p.name], self._masks[p.name])] = self._has_seen(
                    p.name, self._parameters[p.name].neutral
                )
        return x

    def _is_one_of(self, x: np.ndarray, name: str, values: Any) -> np.ndarray:
        if name not in self._parameters:  # it has one value, and conditions name only existing values
            return np.ones(len(x), dtype=bool)
        columns = x[:, self._masks[name]]
        return np.any([np.all(np.isclose(columns, self._has_seen(name, value)), axis=1) for value in values], axis=0)

    def _has_seen(self, name: str, value: Any) -> np.ndarray:
        """Return a value as input of the kernel, (columns,)."""
        parameter = self._parameters[name]
        return np.ravel(parameter.kernel_transform(np.atleast_2d(parameter.to_float(value))))
