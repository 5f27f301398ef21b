"""A cascade: stages of neurons, one behind the other and the same for every channel, driven by a continuous signal.

It says how sound becomes spikes, before any network: nothing in it is trained, so its neurons may be nonlinear and
random. The neurons are definitions like those of a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ..errors import SettingError
from ..network.definitions import NeuronModel, Parameter, SynapseModel

UNIFORM = "uniform"
"""In a threshold: a random number between 0 and 1, drawn for every neuron and step."""


@dataclass(frozen=True)
class Stage:
    """The neurons that stand at one place of each channel.

    Attributes
    ----------
    name : of the stage, unique in its cascade.
    model : what the neurons do. Its expressions may use the stimulus and the state of all stages before, `dt`, and a
        threshold `uniform`.
    synapse : how spikes of the stage before arrive, each with weight 1; None where no spikes do.
    step : how a step of `dt` is taken. `euler`: x + dt x', all from the state before. `split`: dynamics linear in
        their own variable, a x + b, become exp(a dt) x + dt b, one variable after the other.
    copies : neurons in each channel; only neurons without state that draw random numbers can have several.
    refractory : ms after the step of a spike in which a neuron is held at its reset and cannot spike.
    values : values of parameters of neuron and synapse, where they are not the defaults.
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
            raise SettingError(f"stage {self.name!r}: copies = {self.copies} would all do the same; make it 1.")
        if self.is_random and self.model.state:
            raise SettingError(f"stage {self.name!r}: neurons that draw random numbers can have no state.")
        for name in self.values:
            if name not in self.parameters:
                raise SettingError(f"stage {self.name!r}: {name!r} is no parameter; there are {list(self.parameters)}.")
        for name, value in self.parameters.items():
            self._declared[name].check(name, value)

    @property
    def is_random(self) -> bool:
        """Whether a random number decides if the neurons spike."""
        return self.model.threshold is not None and UNIFORM in self.model.threshold

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters of neuron and synapse, with their values."""
        return {name: self.values.get(name, parameter.default) for name, parameter in self._declared.items()}

    @property
    def _declared(self) -> dict[str, Parameter]:
        return {**self.model.parameters, **(self.synapse.parameters if self.synapse else {})}

    @property
    def state(self) -> dict[str, float]:
        """State variables and where the search for their rest starts; the synapse's come first."""
        return {**(self.synapse.state if self.synapse else {}), **self.model.state}

    @property
    def dynamics(self) -> dict[str, str]:
        """d/dt of each state variable."""
        return {**(self.synapse.dynamics if self.synapse else {}), **self.model.dynamics}


@dataclass(frozen=True)
class Cascade:
    """Stages, the first of which hears the stimulus.

    Attributes
    ----------
    stimulus : name of the continuous input in expressions.
    stages : in order; the spikes of one arrive at the next.
    """

    stimulus: str
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        names = [self.stimulus, *(name for stage in self.stages for name in (stage.name, *stage.state))]
        for name in names:
            if names.count(name) > 1:
                raise SettingError(f"the name {name!r} occurs twice in this cascade; every stage needs its own.")
        for before, stage in zip((None, *self.stages), self.stages, strict=False):
            if stage.synapse and not (before and before.model.spiking):
                raise SettingError(f"stage {stage.name!r} has a synapse, but no spikes come from a stage before it.")
