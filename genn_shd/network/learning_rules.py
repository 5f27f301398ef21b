"""Learning rules: exact gradients, surrogate gradients, e-prop and spike-timing-dependent plasticity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from ..errors import SettingError, unknown_name
from ..system.numbers import check_positive, is_number
from .plasticity import Plasticity, find_plasticity
from .surrogates import Surrogate, find_surrogate

RESETS = ("attached", "detached")
FEEDBACKS = ("symmetric", "random")


@dataclass(frozen=True)
class EventProp:
    """Exact gradients of spike times by the adjoint method (Wunderlich & Pehle 2021)."""

    name: ClassVar[str] = "eventprop"


@dataclass(frozen=True)
class _WithSurrogate:
    """The common part of all rules with a surrogate; attributes as in `SurrogateGradient`."""

    surrogate: str | Surrogate = "fast_sigmoid"
    reset: Literal["attached", "detached"] = "detached"

    name: ClassVar[str]

    def __post_init__(self) -> None:
        _check_surrogate(self.surrogate)
        if self.reset not in RESETS:
            raise unknown_name(f"reset of rule {self.name!r}", self.reset, RESETS)

    @property
    def derivative(self) -> Surrogate:
        """The surrogate."""
        return find_surrogate(self.surrogate) if isinstance(self.surrogate, str) else self.surrogate


@dataclass(frozen=True)
class SurrogateGradient(_WithSurrogate):
    """Backpropagation through time, with a surrogate for the derivative of spikes (Neftci, Mostafa & Zenke 2019).

    The gradient is that of the network in steps of dt, on the grid, as automatic differentiation computes it.

    Attributes
    ----------
    surrogate : a `Surrogate`, or the name of one: `fast_sigmoid`, `arctan`, `triangle`, `boxcar`, `slayer` or
        `module:name`.
    reset : "attached": the reset by a spike is differentiated. "detached": the reset of the state variable in the
        threshold (the voltage) is treated as constant; jumps of others, such as adaptation, are differentiated.
    """

    name: ClassVar[str] = "surrogate"


@dataclass(frozen=True)
class EProp(_WithSurrogate):
    """E-prop: eligibility traces, computed forward in time, times a learning signal (Bellec et al. 2020).

    The effect of a spike on its own neuron is differentiated as in surrogate gradients; its effect through other hidden
    neurons is left out.

    Attributes
    ----------
    surrogate, reset : as in `SurrogateGradient`.
    feedback : factors from errors of outputs to learning signals of hidden neurons: "symmetric": the weights from
        hidden neurons to outputs; "random": constant random numbers with a uniform distribution of mean 0.
    feedback_std : standard deviation of the random numbers.
    """

    surrogate: str | Surrogate = "triangle"
    feedback: Literal["symmetric", "random"] = "symmetric"
    feedback_std: float = 0.1

    name: ClassVar[str] = "eprop"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.feedback not in FEEDBACKS:
            raise unknown_name("feedback of e-prop", self.feedback, FEEDBACKS)
        check_positive("feedback_std of e-prop", self.feedback_std)


@dataclass(frozen=True)
class STDP:
    """Spike-timing-dependent plasticity of the weights onto the outputs, which spike, with a teacher; no gradient.

    Pairs are symmetric nearest neighbours (Morrison, Diesmann & Gerstner, Biol. Cybern. 98, 459, 2008): a spike of an
    output is paired with the last arrival from each source, an arrival with the last spike of each output; an arrival
    and a spike at the same time are no pair. A change is made at once, between the limits, and times the learning rate
    of the model (1 for a measured device). Samples of a batch start with the same weights; their changes are added.
    Other weights do not change.

    Attributes
    ----------
    plasticity : a `Plasticity`, or the name of one: `pair`, `cofeb_linbo3`, `ppx` or `module:name`.
    min_weight, max_weight : limits of the weights, as of a conductance; the first step moves initial weights between
        them.
    teacher : input to the label's output while weights are changed, in weights that arrive per ms; with exponential
        synapses a current of teacher * tau_syn.
    inhibition : the same for all other outputs, usually < 0, so that they stay silent.
    """

    plasticity: str | Plasticity = "pair"
    min_weight: float = 0.0
    max_weight: float = 0.1
    teacher: float = 0.0
    inhibition: float = -10.0

    name: ClassVar[str] = "stdp"

    def __post_init__(self) -> None:
        if isinstance(self.plasticity, str):
            find_plasticity(self.plasticity)
        elif not isinstance(self.plasticity, Plasticity):
            raise SettingError(f"plasticity = {self.plasticity!r} is not allowed; give a name or a Plasticity.")
        for name in ("min_weight", "max_weight", "teacher", "inhibition"):
            if not is_number(getattr(self, name)):
                raise SettingError(f"{name} of STDP = {getattr(self, name)!r} is not allowed; give a finite number.")
        if not self.min_weight < self.max_weight:
            raise SettingError(
                f"min_weight of STDP = {self.min_weight:g} is not allowed; it must be below max_weight = "
                f"{self.max_weight:g}."
            )

    @property
    def window(self) -> Plasticity:
        """The plasticity."""
        return find_plasticity(self.plasticity) if isinstance(self.plasticity, str) else self.plasticity


LearningRule = EventProp | SurrogateGradient | EProp | STDP

RULES: dict[str, type[EventProp] | type[SurrogateGradient] | type[EProp] | type[STDP]] = {
    rule.name: rule for rule in (EventProp, SurrogateGradient, EProp, STDP)
}


def find_rule(rule: str | LearningRule) -> LearningRule:
    """Return a learning rule, given by name or as it is.

    Raises
    ------
    SettingError
        The name is unknown, or `rule` is not a learning rule.
    """
    if isinstance(rule, LearningRule):
        return rule
    if not isinstance(rule, str):
        raise SettingError(f"rule = {rule!r} is not allowed; give a name ({', '.join(RULES)}) or a learning rule.")
    if rule not in RULES:
        raise unknown_name("learning rule", rule, RULES)
    return RULES[rule]()


def _check_surrogate(surrogate: str | Surrogate) -> None:
    if isinstance(surrogate, str):
        find_surrogate(surrogate)
    elif not isinstance(surrogate, Surrogate):
        raise SettingError(f"surrogate = {surrogate!r} is not allowed; give a name or a Surrogate.")
