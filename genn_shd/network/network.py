"""Network, Population and Connection: descriptions, with no arrays and no back end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Literal

import numpy as np

from .._moved import old_method
from ..errors import SettingError, unknown_name
from ..system.numbers import check_whole
from .definitions import LossModel, NeuronModel, Parameters, SynapseModel
from .delay import Delay
from .initialisers import Distribution, Initial
from .trained import Trained


@dataclass(frozen=True)
class SpikeCountRegularisation:
    """Rule that moves the spike count of each neuron between two targets, and the total count below a third.

    At every spike of a neuron with count s, in a population of N neurons with total count S, this is added to lambda_V:
    `-strength_upper * max(0, s - upper) - strength_lower * min(0, s - lower)
    - strength_total * max(0, S - total_upper) / N`
    (Nowotny et al. 2025, section 2; the term of the total is from their public code). Spike counts are not
    differentiable, so this is a rule and not a gradient.

    Attributes
    ----------
    upper, lower : targets in spikes per trial.
    strength_upper, strength_lower : strength of each term, >= 0; 0 switches it off.
    total_upper : target of the whole population, spikes per trial.
    strength_total : strength of the term of the total, >= 0; 0 switches it off.
    average : `batch` takes the means of s and S over the batch, `trial` the counts of each trial.
    """

    upper: float = 14.0
    lower: float = 0.0
    strength_upper: float = 0.0
    strength_lower: float = 0.0
    total_upper: float = 1e4
    strength_total: float = 0.0
    average: Literal["batch", "trial"] = "batch"

    def __post_init__(self) -> None:
        if self.average not in ("batch", "trial"):
            raise unknown_name("regularisation average", self.average, ["batch", "trial"])
        for name in self.list_numbers():
            if not 0 <= getattr(self, name) < float("inf"):
                raise SettingError(
                    f"regularisation {name} = {getattr(self, name)} is not allowed; it must be >= 0 and finite."
                )
        if self.lower > self.upper:
            raise SettingError(
                f"regularisation.lower = {self.lower} is above regularisation.upper = {self.upper}; it must not be."
            )

    @classmethod
    def list_numbers(cls) -> tuple[str, ...]:
        """List the names of the numbers: these can be changed while a compiled network is in use."""
        return tuple(f.name for f in fields(cls) if f.name != "average")


NOISE_AND_DROPOUT = ("noise", "dropout")
RUN_VALUE_SECTIONS = ("loss", "optimiser", "regularisation")
"""First parts of names of run-time values; the others are names of populations."""


def check_noise_or_dropout(name: str, kind: str, value: float) -> None:
    """Raise a SettingError naming `name` unless a noise is >= 0, or a dropout >= 0 and < 1."""
    limit = 1.0 if kind == "dropout" else float("inf")
    if not 0 <= value < limit:
        allowed = ">= 0 and below 1" if kind == "dropout" else ">= 0 and finite"
        raise SettingError(f"{name} = {value} is not allowed; it must be {allowed}.")


def check_delays(name: str, delays: Sequence[float]) -> None:
    """Raise a SettingError naming `name` unless there is at least one delay and all are >= 0 and finite."""
    if len(delays) == 0 or not all(0 <= d < float("inf") for d in delays):
        raise SettingError(f"{name} = {list(delays)} is not allowed; give at least one, in ms, each >= 0 and finite.")


@dataclass(frozen=True)
class Population:
    """Neurons with the same dynamics, or a source of input spikes.

    Attributes
    ----------
    name : unique in the network; a word of letters, digits and underscores.
    size : number of neurons, >= 1.
    neuron, synapse : definitions; both None for a spike source.
    values : initial values of parameters of the definitions: a number for all neurons, or a distribution over them.
    regularisation : regularisation of spike counts, only for spiking populations.
    trained : parameters of the definitions that are trained, by name; each neuron has its own value.
    noise : None, or the standard deviation of Gaussian noise, per square root of ms. While training, every step adds it
        to the state variable that arrivals change, independently for each neuron.
    dropout : None, or the probability that a spike reaches none of its targets while training. The neuron is reset all
        the same, and weights are not rescaled in evaluation.
    delays : only of a source, ms. Each input spike arrives once per delay, through separate weights: rows of the weight
        matrix are the neurons of the source at the first delay, then at the second, and so on. Spikes that would
        arrive after the end of the trial are lost.
    """

    name: str
    size: int
    neuron: NeuronModel | None = None
    synapse: SynapseModel | None = None
    values: Mapping[str, Initial] = field(default_factory=dict)
    regularisation: SpikeCountRegularisation | None = None
    trained: Mapping[str, Trained] = field(default_factory=dict)
    delays: tuple[float, ...] = (0.0,)
    noise: float | None = None
    dropout: float | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name in RUN_VALUE_SECTIONS:
            raise SettingError(
                f"population name {self.name!r} is not allowed; it must be a word of letters, digits and underscores, "
                f"but not {', '.join(RUN_VALUE_SECTIONS)}."
            )
        check_whole(f"population {self.name!r}: size", self.size, 1)
        if (self.neuron is None) != (self.synapse is None):
            raise SettingError(f"population {self.name!r} needs both a neuron and a synapse model, or neither.")
        self._check_names()
        if self.regularisation is not None and not self.spiking:
            raise SettingError(f"population {self.name!r} never spikes, so its spike counts cannot be regularised.")
        for name, value in self.values.items():
            if name not in self.parameters:
                raise unknown_name(f"parameter of population {self.name!r}", name, self.parameters)
            if not isinstance(value, Distribution):
                self.parameters[name].check(f"{self.name}.{name}", value)
        for name, trained in self.trained.items():
            if name not in self.parameters:
                raise unknown_name(f"trained parameter of population {self.name!r}", name, self.parameters)
            self.parameters[name].check(f"the minimum of {self.name}.{name}", trained.minimum)
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        object.__setattr__(self, "trained", MappingProxyType(dict(self.trained)))
        object.__setattr__(self, "delays", tuple(float(d) for d in self.delays))
        self._check_delays()
        self._check_noise_and_dropout()

    def _check_names(self) -> None:
        """Neuron and synapse may share parameters, but not states."""
        if self.neuron is None or self.synapse is None:
            return
        mine, other = self.neuron, self.synapse
        twice = (mine.state.keys() & {*other.state, *other.parameters}) | (mine.parameters.keys() & other.state.keys())
        if twice:
            raise SettingError(
                f"population {self.name!r}: {sorted(twice)[0]!r} names two things in {mine.name} and {other.name}; "
                "every state needs its own name."
            )

    def _check_noise_and_dropout(self) -> None:
        if self.is_source and (self.noise, self.dropout) != (None, None):
            raise SettingError(f"population {self.name!r} is a spike source, so it has no noise and no dropout.")
        if not self.spiking and self.dropout is not None:
            raise SettingError(f"population {self.name!r} never spikes, so it has no dropout.")
        for name in NOISE_AND_DROPOUT:
            if getattr(self, name) is not None:
                check_noise_or_dropout(f"{self.name}.{name}", name, getattr(self, name))

    def _check_delays(self) -> None:
        if not self.is_source and self.delays != (0.0,):
            raise SettingError(
                f"population {self.name!r} is no spike source, so it has no delays; connections between neurons can."
            )
        check_delays(f"{self.name}.delays", self.delays)

    @property
    def is_source(self) -> bool:
        """Whether the population provides the input spikes of samples and has no dynamics."""
        return self.neuron is None

    @property
    def spiking(self) -> bool:
        """Whether its neurons can spike; False for a source."""
        return self.neuron is not None and self.neuron.spiking

    @property
    def parameters(self) -> Parameters:
        """Parameters of the neuron and synapse definitions; empty for a source."""
        if self.neuron is None or self.synapse is None:
            return {}
        return {**self.neuron.parameters, **self.synapse.parameters}

    def find_initial(self, name: str) -> Initial:
        """Return the initial value of a parameter: the population's, or the default of the definition."""
        return self.values.get(name, self.parameters[name].default)


@dataclass(frozen=True)
class Connection:
    """All-to-all weights from the neurons of one population to those of another, trained.

    Attributes
    ----------
    source, target : names of populations; the connection is called `{source}_{target}`.
    weight : initial weights, dimensionless: a number, or a distribution from which each synapse's is drawn.
    delay : delays of its spikes. None is the shortest possible: input spikes arrive at their times, spikes of neurons
        one time step after they were emitted.
    """

    source: str
    target: str
    weight: Initial
    delay: Delay | None = None

    @property
    def name(self) -> str:
        """Name of the connection and of its weights, `SOURCE_TARGET`."""
        return f"{self.source}_{self.target}"

    @property
    def delay_name(self) -> str:
        """Name of its delays among parameters and values, `SOURCE_TARGET.delay`."""
        return f"{self.name}.delay"


@dataclass(frozen=True)
class Network:
    """Populations, connections and a loss: the complete description of a network, before it is compiled.

    Attributes
    ----------
    populations : the first is the spike source, the last the output, between them the hidden ones.
    connections : between any two populations, but none into the source and none out of the output.
    loss : the loss, computed from the output population.
    loss_values : values of parameters of the loss that differ from its defaults.
    """

    populations: tuple[Population, ...]
    connections: tuple[Connection, ...]
    loss: LossModel
    loss_values: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "populations", tuple(self.populations))
        object.__setattr__(self, "connections", tuple(self.connections))
        object.__setattr__(self, "loss_values", MappingProxyType(dict(self.loss_values)))
        self._check_populations()
        self._check_connections()
        self._check_loss()

    def _check_populations(self) -> None:
        names = [p.name for p in self.populations]
        if len(names) < 2 or len(set(names)) != len(names):
            raise SettingError(f"a network needs at least two populations of different names, not {names}.")
        if [p.is_source for p in self.populations] != [True] + [False] * (len(names) - 1):
            raise SettingError("the first population, and no other, must be the spike source.")
        silent = [p.name for p in self.hidden_populations if not p.spiking]
        if silent:
            raise SettingError(f"hidden population {silent[0]!r} never spikes; give it a spiking neuron model.")

    def _check_connections(self) -> None:
        names = [p.name for p in self.populations]
        for connection in self.connections:
            for end in (connection.source, connection.target):
                if end not in names:
                    raise unknown_name(f"population of connection {connection.name!r}", end, names)
            if connection.target == self.input.name or connection.source == self.output.name:
                raise SettingError(f"connection {connection.name!r} leads into the source or out of the output.")
        if len({c.name for c in self.connections}) != len(self.connections):
            raise SettingError("two connections have the same source and target; keep one of them.")
        for connection in self.delayed_connections:
            if connection.name in names:
                raise SettingError(
                    f"population {connection.name!r} has the name of a connection with delays; choose another."
                )
        for population in self.populations[1:]:
            if not any(c.target == population.name for c in self.connections):
                raise SettingError(f"nothing leads into population {population.name!r}; connect it.")

    def _check_loss(self) -> None:
        if (self.loss.reads == "spikes") != self.output.spiking:
            needs, has = ("spiking", "never spike") if self.loss.reads == "spikes" else ("non-spiking", "spike")
            raise SettingError(f"loss {self.loss.name!r} needs {needs} outputs, but these outputs {has}.")
        for name, value in self.loss_values.items():
            if name not in self.loss.parameters:
                raise unknown_name(f"parameter of loss {self.loss.name!r}", name, self.loss.parameters)
            self.loss.parameters[name].check(f"loss.{name}", value)

    @property
    def input(self) -> Population:
        """The first population, the source of input spikes."""
        return self.populations[0]

    @property
    def output(self) -> Population:
        """The last population, which the loss reads."""
        return self.populations[-1]

    @property
    def hidden_populations(self) -> tuple[Population, ...]:
        """All populations between input and output, in order."""
        return self.populations[1:-1]

    @property
    def hidden(self) -> tuple[str, ...]:
        """Names of the hidden populations."""
        return tuple(p.name for p in self.hidden_populations)

    def find_population(self, name: str) -> Population:
        """Return the population called `name`; a SettingError if there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        raise unknown_name("population", name, [p.name for p in self.populations])

    def get_weight_shape(self, connection: Connection) -> tuple[int, int]:
        """Return the shape (pre, post) of a connection's weights; pre is neurons times delays for a source."""
        source = self.find_population(connection.source)
        return source.size * len(source.delays), self.find_population(connection.target).size

    @property
    def delayed_connections(self) -> tuple[Connection, ...]:
        """The connections with delays, in order."""
        return tuple(c for c in self.connections if c.delay is not None)

    def get_delay_shape(self, connection: Connection) -> tuple[int, ...]:
        """Return the shape of a connection's delays: (pre, post), or (pre,) if each source neuron has one."""
        assert connection.delay is not None
        shape = self.get_weight_shape(connection)
        return shape if connection.delay.per == "synapse" else shape[:1]

    def find_delay_limits(self, connection: Connection, dt: float) -> tuple[float, float]:
        """Return the shortest and the longest delay of a connection, ms, at the time step dt, ms."""
        assert connection.delay is not None
        return connection.delay.find_limits(self._find_shortest_delay(connection, dt))

    def list_delay_limits(self, dt: float) -> dict[str, tuple[float, float]]:
        """Return the shortest and the longest delay, ms, of every connection with delays, by `delay_name`."""
        return {c.delay_name: self.find_delay_limits(c, dt) for c in self.delayed_connections}

    def check_delays(self, connection: Connection, value: np.ndarray, dt: float) -> None:
        """Raise a SettingError unless delays of a connection, ms, have its shape or are one number, and are allowed."""
        assert connection.delay is not None
        if np.shape(value) not in ((), self.get_delay_shape(connection)):
            raise SettingError(
                f"{connection.delay_name} has shape {np.shape(value)}; give a number or an array of shape "
                f"{self.get_delay_shape(connection)}."
            )
        connection.delay.check(connection.delay_name, np.atleast_1d(value), self._find_shortest_delay(connection, dt))

    def draw_delays(self, rng: np.random.Generator, dt: float) -> dict[str, np.ndarray]:
        """Draw the initial delays, ms, of all connections with delays, by `delay_name`, at the time step dt, ms."""
        return {
            c.delay_name: c.delay.draw(rng, self.get_delay_shape(c), self._find_shortest_delay(c, dt))
            for c in self.connections
            if c.delay is not None
        }

    population = old_method("population", "find_population")
    shape = old_method("shape", "get_weight_shape")

    def _find_shortest_delay(self, connection: Connection, dt: float) -> float:
        return 0.0 if connection.source == self.input.name else dt

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all trained parameters.

        Weights are called `{source}_{target}`, shape (pre, post), parameters of neurons `{population}.{parameter}`,
        shape (N,), and delays `{source}_{target}.delay`, shape (pre, post) or (pre,).
        """
        weights: dict[str, tuple[int, ...]] = {c.name: self.get_weight_shape(c) for c in self.connections}
        neurons = {f"{p.name}.{name}": (p.size,) for p in self.populations for name in p.trained}
        delays = {c.delay_name: self.get_delay_shape(c) for c in self.connections if c.delay and c.delay.trained}
        return weights | neurons | delays

    @property
    def num_parameters(self) -> int:
        """Number of trained parameters."""
        return sum(math.prod(shape) for shape in self.parameter_shapes.values())
