"""The equations of a neuron model as Python functions of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import sympy

from ..eventprop.flow import is_threshold_moved
from ..network.definitions import CURRENT, NeuronModel
from ..network.expressions import compile_scalars, parse

Point = Sequence[float]
"""Values of the state variables, in the order of the definition."""
# The classical Runge-Kutta method: places of stages 2 to 4 in the step; each uses the slope of the stage before.
_STAGES = (0.5, 0.5, 1.0)
_WEIGHTS = (1 / 6, 1 / 3, 1 / 3, 1 / 6)


class CompiledNeuron:
    """A neuron model with fixed values of its parameters, compiled to Python functions.

    Parameters
    ----------
    neuron : the neuron model.
    values : values of all its parameters, by name.

    Attributes
    ----------
    moves_threshold : whether a reset takes the neuron away from its threshold.
    """

    def __init__(self, neuron: NeuronModel, values: Mapping[str, float]) -> None:
        self._neuron, self._values = neuron, tuple(values.values())
        names = {*neuron.state, *values}
        reset = {x: parse(neuron.reset.get(x, x), names) for x in neuron.state}
        threshold = None if neuron.threshold is None else parse(neuron.threshold, names)
        self._derivative = self._compile(parse(neuron.dynamics[x], {*names, CURRENT}) for x in neuron.state)
        self._reset = self._compile(reset.values())
        self._threshold = None if threshold is None else self._compile([threshold])
        self.moves_threshold = threshold is not None and is_threshold_moved(reset, threshold)

    def _compile(self, expressions: Iterable[sympy.Expr]) -> Callable[..., list[float]]:
        return compile_scalars([*self._neuron.state, CURRENT, *self._neuron.parameters], list(expressions))

    @property
    def spikes(self) -> bool:
        """Whether it has a threshold."""
        return self._threshold is not None

    def advance(self, x: Point, current: Callable[[float], float], time: float, length: float) -> list[float]:
        """Return the state after a step of `length` ms from the state `x` at `time`, ms (classical Runge-Kutta)."""
        k = self._derivative(*x, current(time), *self._values)
        slopes = [k]
        for part in _STAGES:
            stage = [a + part * length * b for a, b in zip(x, k, strict=True)]
            k = self._derivative(*stage, current(time + part * length), *self._values)
            slopes.append(k)
        return [
            a + length * sum(w * s for w, s in zip(_WEIGHTS, of_x, strict=True))
            for a, of_x in zip(x, zip(*slopes, strict=True), strict=True)
        ]

    def compute_excess(self, x: Point) -> float:
        """Compute the threshold expression of a state; the neuron spikes when it reaches zero from below."""
        assert self._threshold is not None
        return self._threshold(*x, 0.0, *self._values)[0]

    def reset(self, x: Point) -> list[float]:
        """Return the state just after a spike at the state `x`."""
        return self._reset(*x, 0.0, *self._values)
