"""The description of an auditory periphery: stages of neurons in series, the same for every channel.

A continuous signal drives the first stage, and the last stage spikes. Nothing is trained, so neurons may be nonlinear
and random. The neurons are definitions like those of a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ..errors import SettingError
from ..network.definitions import NeuronModel, Parameter, SynapseModel

UNIFORM = "uniform"
"""Name, in a threshold, of a random number between 0 and 1 that is drawn for every neuron and step."""


@dataclass(frozen=True)
class Stage:
    """Neurons of one kind; every channel has one or several of them.

    Attributes
    ----------
    name : name of the stage, unique in its periphery.
    model : neuron model. Its expressions may use the stimulus, the state of all earlier stages, `dt` and, in a
        threshold, `uniform`.
    synapse : synapse model for the spikes of the previous stage, each with weight 1; None if no spikes arrive.
    step : numerical method. `euler`: x + dt x' for all variables, from the state before the step. `split`: dynamics
        that are linear in their own variable, a x + b, become exp(a dt) x + dt b, one variable after another.
    copies : number of neurons in each channel; above 1 only for neurons without state that draw random numbers.
    refractory : time after the step of a spike in which a neuron is held at its reset and cannot spike, ms.
    values : values of parameters of neuron and synapse that differ from the defaults.
    """

    name: str
    model: NeuronModel
    synapse: SynapseModel | None = None
    step: Literal["euler", "split"] = "split"
    copies: int = 1
    refractory: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        if self.copies > 1 and (self.model.state or not self.is_random):
            raise SettingError(f"stage {self.name!r}: all {self.copies} copies would be identical; set copies = 1.")
        if self.is_random and self.model.state:
            raise SettingError(f"stage {self.name!r}: neurons that draw random numbers can have no state.")
        for name in self.values:
            if name not in self.parameters:
                raise SettingError(f"stage {self.name!r}: {name!r} is no parameter; there are {list(self.parameters)}.")
        for name, value in self.parameters.items():
            self._declared[name].check(name, value)

    @property
    def is_random(self) -> bool:
        """Whether the neurons spike at random."""
        return self.model.threshold is not None and UNIFORM in self.model.threshold

    @property
    def parameters(self) -> dict[str, float]:
        """Values of the parameters of neuron and synapse, by name."""
        return {name: self.values.get(name, parameter.default) for name, parameter in self._declared.items()}

    @property
    def _declared(self) -> dict[str, Parameter]:
        return {**self.model.parameters, **(self.synapse.parameters if self.synapse else {})}

    @property
    def state(self) -> dict[str, float]:
        """State variables of synapse and neuron, with values from which the search for the resting state starts."""
        return {**(self.synapse.state if self.synapse else {}), **self.model.state}

    @property
    def dynamics(self) -> dict[str, str]:
        """Time derivative of each state variable, per ms, as an expression."""
        return {**(self.synapse.dynamics if self.synapse else {}), **self.model.dynamics}


@dataclass(frozen=True)
class Periphery:
    """Stages in series; the stimulus drives the first.

    Attributes
    ----------
    stimulus : name of the continuous signal in expressions.
    stages : the stages in order; the spikes of each arrive at the next.
    """

    stimulus: str
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        names = [self.stimulus, *(name for stage in self.stages for name in (stage.name, *stage.state))]
        for name in names:
            if names.count(name) > 1:
                raise SettingError(f"the name {name!r} occurs twice in this periphery; every stage needs its own.")
        for before, stage in zip((None, *self.stages), self.stages, strict=False):
            if stage.synapse and not (before and before.model.spiking):
                raise SettingError(f"stage {stage.name!r} has a synapse, but there is no spiking stage before it.")


Cascade = Periphery
"""Old name of `Periphery`."""
