"""Settings of the learning rule: how gradients are computed, or what stands for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from ...network.learning_rules import STDP, EProp, EventProp, LearningRule, SurrogateGradient
from ...network.plasticity import PLASTICITIES
from ...network.surrogates import SURROGATES, Surrogate, find_surrogate
from ..sections import ImportPath, Section, declare_setting

if TYPE_CHECKING:
    SurrogateName = str
    PlasticityName = str
else:
    SurrogateName = Literal[tuple(SURROGATES)] | ImportPath
    PlasticityName = Literal[tuple(PLASTICITIES)] | ImportPath

_Positive = Annotated[float, Field(gt=0)]


class EventPropSettings(Section):
    """Exact gradients by the adjoint method (Wunderlich & Pehle 2021)."""

    name: Literal["eventprop"] = declare_setting("eventprop", "which rule")

    @property
    def rule(self) -> LearningRule:
        """The learning rule."""
        return EventProp()


class _WithSurrogate(Section):
    """Settings of all rules with a surrogate."""

    name: str  # here so that it comes first
    surrogate: SurrogateName = declare_setting(
        "fast_sigmoid", "function that stands for the derivative of spikes by the distance from the threshold"
    )
    slope: _Positive | Literal["auto"] = declare_setting(
        "auto", "multiplies that distance; auto: what is usual for the function"
    )
    height: _Positive | Literal["auto"] = declare_setting(
        "auto", "the function's value at the threshold; auto: what is usual"
    )
    reset: Literal["attached", "detached"] = declare_setting(
        "detached", "detached: the reset of the voltage counts as a constant; attached: it is differentiated"
    )

    def make_surrogate(self) -> Surrogate:
        """Make the surrogate with its slope and height."""
        usual = find_surrogate(self.surrogate)
        return replace(
            usual,
            slope=usual.slope if isinstance(self.slope, str) else self.slope,
            height=usual.height if isinstance(self.height, str) else self.height,
        )


class SurrogateGradientSettings(_WithSurrogate):
    """Backpropagation through the steps of the grid, with a surrogate for the derivative of spikes (native)."""

    name: Literal["surrogate"] = declare_setting("surrogate", "which rule")

    @property
    def rule(self) -> LearningRule:
        """The learning rule."""
        return SurrogateGradient(self.make_surrogate(), self.reset)


class EPropSettings(_WithSurrogate):
    """Eligibility traces forward in time, times a learning signal, on the grid (Bellec et al. 2020; native)."""

    name: Literal["eprop"] = declare_setting("eprop", "which rule")
    surrogate: SurrogateName = declare_setting(
        "triangle", "function that stands for the derivative of spikes by the distance from the threshold"
    )
    feedback: Literal["symmetric", "random"] = declare_setting(
        "symmetric", "how outputs' errors reach hidden neurons: by the output weights, or by random numbers"
    )
    feedback_std: float = declare_setting(0.1, "standard deviation of the random numbers", gt=0)

    @property
    def rule(self) -> LearningRule:
        """The learning rule."""
        return EProp(self.make_surrogate(), self.reset, self.feedback, self.feedback_std)


class STDPSettings(Section):
    """Spike-timing-dependent plasticity of the weights onto spiking outputs, with a teacher, on the grid (native).

    `optimiser.learning_rate` multiplies every change: 1 for a measured device. Needs `loss = "spike_count"`.
    """

    name: Literal["stdp"] = declare_setting("stdp", "which rule")
    plasticity: PlasticityName = declare_setting(
        "pair", "change of a weight by a pair of spikes; cofeb_linbo3 and ppx are memristors"
    )
    min_weight: float = declare_setting(0.0, "lower limit of weights onto outputs")
    max_weight: float = declare_setting(0.1, "upper limit of weights onto outputs")
    teacher: float = declare_setting(
        0.0, "input to the output of the label while weights change, in weights that arrive", "1/ms"
    )
    inhibition: float = declare_setting(-10.0, "the same for all other outputs, negative to silence them", "1/ms")

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        if self.min_weight >= self.max_weight:
            raise ValueError(
                f"rule.min_weight = {self.min_weight:g} is not below rule.max_weight = {self.max_weight:g}; lower it."
            )
        return self

    @property
    def rule(self) -> LearningRule:
        """The learning rule."""
        return STDP(self.plasticity, self.min_weight, self.max_weight, self.teacher, self.inhibition)


RuleSettings = EventPropSettings | SurrogateGradientSettings | EPropSettings | STDPSettings
