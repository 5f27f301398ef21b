"""Run-time values of a compiled network, by dotted name; they can be changed without compiling again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import SettingError, unknown_name
from ..network.initialisers import draw
from ..network.network import NOISE_AND_DROPOUT, Network, SpikeCountRegularisation, check_delays, check_noise_or_dropout

NewValues = Mapping[str, float | np.ndarray]

_OPTIMISER: dict[str, tuple[float, Callable[[float], bool], str]] = {
    "beta1": (0.9, lambda value: 0 <= value < 1, "at least 0 and less than 1"),
    "beta2": (0.999, lambda value: 0 <= value < 1, "at least 0 and less than 1"),
    "epsilon": (1e-8, lambda value: 0 < value < np.inf, "> 0"),
    "weight_decay": (0.0, lambda value: 0 <= value < np.inf, ">= 0"),
}
"""Default, function that checks a value, and the allowed values as text."""


class RunValues:
    """All run-time values of a network, checked when they change.

    Names: `{population}.{parameter}` (one number per neuron), `{population}.noise` and `{population}.dropout` if the
    network has them, `{source}.delays` (ms), `{connection}.delay` of delays that are not trained (ms),
    `loss.{parameter}`, `optimiser.{beta1, beta2, epsilon, weight_decay}`, `regularisation.{population}.{upper, lower,
    strength_upper, strength_lower, total_upper, strength_total}`.
    """

    def __init__(self, network: Network, rng: np.random.Generator, dt: float, delays: Mapping[str, np.ndarray]) -> None:
        """Draw the initial values.

        Parameters
        ----------
        network : the network.
        rng : random generator for values that are drawn per neuron.
        dt : time step, ms.
        delays : delays of connections by name, ms; trained ones are no run-time values.
        """
        self._network, self._dt = network, dt
        self._fixed_delays = {
            c.delay_name: c for c in network.delayed_connections if c.delay_name not in network.parameter_shapes
        }
        self._values: dict[str, Any] = {name: delays[name] for name in self._fixed_delays}
        for population in network.populations[1:]:
            for name in population.parameters:
                drawn = draw(population.find_initial(name), rng, (population.size,))
                self._set_neurons(population.name, name, drawn)
        self._set_delays(network.input.delays)
        for population in network.populations[1:]:
            for name in NOISE_AND_DROPOUT:
                if getattr(population, name) is not None:
                    self._values[f"{population.name}.{name}"] = float(getattr(population, name))
        for name, parameter in network.loss.parameters.items():
            self._values[f"loss.{name}"] = float(network.loss_values.get(name, parameter.default))
        for name, (default, *_) in _OPTIMISER.items():
            self._values[f"optimiser.{name}"] = default
        for population in network.populations[1:]:
            if population.spiking:
                self._set_regularisation(population.name, population.regularisation or SpikeCountRegularisation())

    def copy(self) -> dict[str, Any]:
        """Return all values by dotted name; arrays are copies."""
        return {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in self._values.items()}

    def __getitem__(self, name: str) -> Any:
        """Return one value, which must not be changed in place."""
        return self._values[name]

    def attempt(self, values: NewValues, take: Callable[[NewValues], None]) -> None:
        """Let a model `take` values; restore the old ones if it raises a SettingError."""
        before = {name: self._values[name] for name in values if name in self._values}
        try:
            take(values)
        except SettingError:
            take(before)
            raise

    def set(self, name: str, value: float | np.ndarray) -> None:
        """Change one value; raise a SettingError if the name or the value is not allowed."""
        if name not in self._values:
            raise unknown_name("run-time value", name, self._values)
        section, _, rest = name.partition(".")
        if name in self._fixed_delays:
            self._set_fixed_delays(name, value)
        elif section == "regularisation":
            population, _, field = rest.partition(".")
            self._set_regularisation(population, self._change_regularisation(population, field, float(value)))
        elif section == "optimiser":
            _, is_allowed, allowed = _OPTIMISER[rest]
            if not is_allowed(float(value)):
                raise SettingError(f"{name} = {value} is not allowed; it must be {allowed}.")
            self._values[name] = float(value)
        elif section == "loss":
            self._network.loss.parameters[rest].check(name, value)
            self._values[name] = float(value)
        elif rest in NOISE_AND_DROPOUT:
            check_noise_or_dropout(name, rest, float(value))
            self._values[name] = float(value)
        elif section == self._network.input.name:
            self._set_delays(value)
        else:
            self._set_neurons(section, rest, value)

    def _set_delays(self, value: ArrayLike) -> None:
        source, delays = self._network.input, np.atleast_1d(np.asarray(value, np.float64)).copy()
        check_delays(f"{source.name}.delays", delays.tolist())
        if delays.shape != (len(source.delays),):
            raise SettingError(f"{source.name}.delays has shape {np.shape(value)}; give {len(source.delays)} delays.")
        self._values[f"{source.name}.delays"] = delays

    def _set_fixed_delays(self, name: str, value: ArrayLike) -> None:
        connection, delays = self._fixed_delays[name], np.asarray(value, np.float64)
        self._network.check_delays(connection, delays, self._dt)
        self._values[name] = np.broadcast_to(delays, self._network.get_delay_shape(connection)).copy()

    def _set_neurons(self, population: str, name: str, value: float | np.ndarray) -> None:
        described = self._network.find_population(population)
        described.parameters[name].check(f"{population}.{name}", value)
        if np.shape(value) not in ((), (described.size,)):
            raise SettingError(
                f"{population}.{name} has shape {np.shape(value)}; give a number or {described.size}, one per neuron."
            )
        self._values[f"{population}.{name}"] = np.broadcast_to(np.asarray(value, np.float64), described.size).copy()

    def _change_regularisation(self, population: str, field: str, value: float) -> SpikeCountRegularisation:
        changed: dict[str, Any] = {field: value}
        return replace(self.get_regularisation(population), **changed)

    def _set_regularisation(self, population: str, values: SpikeCountRegularisation) -> None:
        for name in values.list_numbers():
            self._values[f"regularisation.{population}.{name}"] = float(getattr(values, name))

    def get_neuron_values(self, population: str) -> dict[str, np.ndarray]:
        """Return the parameter values of a population, (N,) float64 each."""
        described = self._network.find_population(population)
        return {name: self._values[f"{population}.{name}"] for name in described.parameters}

    def get_delays(self) -> np.ndarray:
        """Return the delays of the source, (copies,) float64, ms."""
        return self._values[f"{self._network.input.name}.delays"]

    def get_fixed_delays(self) -> dict[str, np.ndarray]:
        """Return the delays of connections that are not trained, by name, float64, ms."""
        return {name: self._values[name] for name in self._fixed_delays}

    def get_noise_and_dropout(self, population: str) -> tuple[float, ...]:
        """Return noise and dropout of a population; 0 if it has none."""
        return tuple(self._values.get(f"{population}.{name}", 0.0) for name in NOISE_AND_DROPOUT)

    def get_loss_values(self) -> dict[str, float]:
        """Return the values of the parameters of the loss, in the order of its definition."""
        return {name: self._values[f"loss.{name}"] for name in self._network.loss.parameters}

    def get_regularisation(self, population: str) -> SpikeCountRegularisation:
        """Return the regularisation of a spiking population with its current values."""
        described = self._network.find_population(population).regularisation or SpikeCountRegularisation()
        names = described.list_numbers()
        now: dict[str, Any] = {name: self._values[f"regularisation.{population}.{name}"] for name in names}
        return replace(described, **now)

    def get_optimiser(self, name: str) -> float:
        """Return one constant of the optimiser."""
        return self._values[f"optimiser.{name}"]


def draw_start(
    network: Network, seed: int, dt: float
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], RunValues]:
    """Draw initial weights, delays and run-time values; they are the same for all back ends.

    Returns
    -------
    Weights by connection name, (pre, post); delays by name, ms; run-time values.
    """
    rng = np.random.default_rng(seed)
    weights = draw_weights(network, rng)
    delays = network.draw_delays(rng, dt)
    return weights, delays, RunValues(network, rng, dt, delays)


def draw_weights(network: Network, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw the initial weights by connection name, (pre, post) float64; they are the same for all back ends."""
    return {c.name: draw(c.weight, rng, network.get_weight_shape(c)) for c in network.connections}
