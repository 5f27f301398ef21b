"""Simulate one neuron: steps of the classical Runge-Kutta method, divided at spikes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
import scipy
import sympy
from numpy.typing import ArrayLike

from ..errors import DivergedError, SettingError, unknown_name
from ..models.neurons import find_neuron
from ..network.definitions import CURRENT, NeuronModel
from ..network.expressions import evaluate, parse
from ..system.numbers import check_positive
from .compiled_neuron import CompiledNeuron
from .trajectory import Trajectory
from .waveform import Current

_MOST_STEPS = 10_000_000
_MOST_SPIKES_PER_STEP = 1000
_TIME = "t"
_NONE: Mapping[str, float] = MappingProxyType({})
_NO_QUANTITIES: Mapping[str, str] = MappingProxyType({})


def simulate(
    neuron: str | NeuronModel,
    current: ArrayLike | Callable[[float], float],
    duration: float,
    dt: float = 0.01,
    parameters: Mapping[str, float] = _NONE,
    state: Mapping[str, float] = _NONE,
    quantities: Mapping[str, str] = _NO_QUANTITIES,
) -> Trajectory:
    """Simulate one neuron with an input current, in float64.

    Uses the classical Runge-Kutta method (order 4) with fixed steps. A spike is emitted at the time inside a step at
    which the threshold is reached from below: the state is integrated up to there, reset, and then integrated to the
    end of the step.

    Parameters
    ----------
    neuron : a neuron model, linear or nonlinear; its name, such as "hodgkin_huxley"; or an import path `module:name`.
    current : value of `I` in the dynamics, in the model's unit. A number; an array of shape (duration / dt,), whose
        values are constant during a step; or a function of time in ms, which should be continuous.
    duration : duration, ms, rounded to whole steps.
    dt : time step, ms.
    parameters : values of parameters that differ from the model's defaults, in the model's units.
    state : values of state variables at time 0 that differ from the model's.
    quantities : name -> expression of state, parameters, `I` and `t` (ms), such as
        {"I_Na": "g_na * m**3 * h * (e_na - V)"}; their values are returned as well.

    Returns
    -------
    Trajectory
        Times, current, state and quantities at time 0 and at the end of every step, and times of spikes.

    Raises
    ------
    SettingError
        An argument is not allowed, or an expression cannot be parsed.
    DivergedError
        The state is not finite, or one step has more than 1000 spikes.

    Examples
    --------
    >>> trajectory = simulate("hodgkin_huxley", 0.5, duration=50.0, quantities={"I_K": "g_k * n**4 * (e_k - V)"})
    >>> trajectory.spike_times, trajectory["V"], trajectory["I_K"]  # doctest: +SKIP
    """
    model = find_neuron(neuron) if isinstance(neuron, str) else neuron
    if not isinstance(model, NeuronModel):
        raise SettingError(f"simulate needs a NeuronModel or the name of one, not {type(neuron).__name__}.")
    num_steps = _count_steps(duration, dt)
    values = _find_values(model, parameters)
    start = _find_start(model, state)
    expressions = {name: _read_quantity(model, name, text) for name, text in quantities.items()}
    drive = Current(current, num_steps, dt)
    points, spike_times = _follow(model, CompiledNeuron(model, values), start, drive, num_steps, dt)
    times = dt * np.arange(num_steps + 1)
    states = dict(zip(model.state, points.T.copy(), strict=True))
    known = {**values, **states, CURRENT: drive.samples, _TIME: times}
    computed = {
        name: np.broadcast_to(evaluate(expression, known), times.shape) for name, expression in expressions.items()
    }
    return Trajectory(times, drive.samples, states, computed, np.array(spike_times))


def _follow(
    model: NeuronModel, neuron: CompiledNeuron, start: list[float], drive: Current, num_steps: int, dt: float
) -> tuple[np.ndarray, list[float]]:
    """Return the states at time 0 and after each step, shape (steps + 1, states), and the times of spikes, ms."""
    points, spike_times, x = np.empty((num_steps + 1, len(start))), list[float](), start
    points[0] = x
    for step in range(num_steps):
        time = step * dt
        try:
            x = _advance(neuron, x, drive.select_step(step), time, dt, spike_times)
        except (ArithmeticError, ValueError) as error:  # raised by exp(1000), 1 / 0, log(-1)
            if isinstance(error, SettingError | DivergedError):
                raise
            x = [math.nan]
        if not all(map(math.isfinite, x)):
            before = ", ".join(f"{name} = {value:g}" for name, value in zip(model.state, points[step], strict=True))
            raise DivergedError(
                f"{model.name}: the state is not finite after {time:g} ms, where {before}; use a shorter dt, "
                "or check that its dynamics do not divide by zero there."
            )
        points[step + 1] = x
    return points, spike_times


def _advance(
    neuron: CompiledNeuron,
    x: list[float],
    current: Callable[[float], float],
    time: float,
    left: float,
    spike_times: list[float],
) -> list[float]:
    """Return the state after a step of length `left`; append the times of its spikes to `spike_times`."""
    below = neuron.spikes and neuron.compute_excess(x) < 0
    for _ in range(_MOST_SPIKES_PER_STEP):
        end = neuron.advance(x, current, time, left)
        if not below or neuron.compute_excess(end) < 0:
            return end
        length = _find_crossing(neuron, partial(neuron.advance, x, current, time), left)
        time, left = time + length, left - length
        spike_times.append(time)
        x = neuron.reset(neuron.advance(x, current, time - length, length))
        below = neuron.moves_threshold and neuron.compute_excess(x) < 0
    raise DivergedError(
        f"there are more than {_MOST_SPIKES_PER_STEP} spikes in the step that ends at {time + left:g} ms; the reset "
        "must move the state away from the threshold, or the current must be smaller."
    )


def _find_crossing(neuron: CompiledNeuron, step: Callable[[float], list[float]], longest: float) -> float:
    """Find the time from the start of the step to the threshold, to rounding."""
    return float(
        scipy.optimize.brentq(lambda length: neuron.compute_excess(step(length)), 0.0, longest, xtol=1e-14, rtol=1e-14)
    )


def _count_steps(duration: float, dt: float) -> int:
    check_positive("duration", duration, "ms")
    check_positive("dt", dt, "ms")
    count = round(duration / dt)
    if not 1 <= count <= _MOST_STEPS:
        raise SettingError(
            f"duration / dt = {duration:g} / {dt:g} is {count} steps; from 1 to {_MOST_STEPS} are allowed."
        )
    return count


def _find_values(model: NeuronModel, given: Mapping[str, float]) -> dict[str, float]:
    """Return the values of all parameters: those given, and defaults."""
    for name, value in given.items():
        if name not in model.parameters:
            raise unknown_name(f"{model.name}: parameter", name, model.parameters)
        model.parameters[name].check(name, _read_number(name, value))
    return {name: float(given.get(name, parameter.default)) for name, parameter in model.parameters.items()}


def _find_start(model: NeuronModel, given: Mapping[str, float]) -> list[float]:
    for name, value in given.items():
        if name not in model.state:
            raise unknown_name(f"{model.name}: state variable", name, model.state)
        if not math.isfinite(_read_number(name, value)):
            raise SettingError(f"state {name} = {value!r} is not allowed; it must be finite.")
    return [float(given.get(name, value)) for name, value in model.state.items()]


def _read_number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise SettingError(f"{name} = {value!r} is not allowed; it must be a number.")
    return float(value)


def _read_quantity(model: NeuronModel, name: str, text: str) -> sympy.Expr:
    taken = {*model.state, *model.parameters, CURRENT, _TIME}
    if name in taken:
        raise SettingError(f"quantity {name!r} is already a name of {model.name}; choose another.")
    return parse(text, taken)
