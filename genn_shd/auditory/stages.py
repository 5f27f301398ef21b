"""The description of an auditory periphery: stages of neurons in series, the same for every channel.

The first stage is driven by a continuous signal, the last one spikes. Nothing in it is trained, so its neurons may be
nonlinear and random. The neurons are definitions like those of a network.
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
    """The neurons of one kind, of which every channel has one or several.

    Attributes
    ----------
    name : of the stage, unique in its periphery.
    model : definition of the neurons. Its expressions may use the stimulus, the state of all stages before, `dt` and,
        in a threshold, `uniform`.
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
        """Values of the parameters of neuron and synapse, by name."""
        return {name: self.values.get(name, parameter.default) for name, parameter in self._declared.items()}

    @property
    def _declared(self) -> dict[str, Parameter]:
        return {**self.model.parameters, **(self.synapse.parameters if self.synapse else {})}

    @property
    def state(self) -> dict[str, float]:
        """State variables, the synapse's first, with the values from which their state at rest is searched."""
        return {**(self.synapse.state if self.synapse else {}), **self.model.state}

    @property
    def dynamics(self) -> dict[str, str]:
        """Expressions of the time derivative of each state variable, per ms."""
        return {**(self.synapse.dynamics if self.synapse else {}), **self.model.dynamics}


@dataclass(frozen=True)
class Periphery:
    """Stages in series, the first of which is driven by the stimulus.

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
                raise SettingError(f"the name {name!r} occurs twice in this periphery; every stage needs its own.")
        for before, stage in zip((None, *self.stages), self.stages, strict=False):
            if stage.synapse and not (before and before.model.spiking):
                raise SettingError(f"stage {stage.name!r} has a synapse, but no spikes come from a stage before it.")


Cascade = Periphery
"""The name of `Periphery` in earlier versions."""
