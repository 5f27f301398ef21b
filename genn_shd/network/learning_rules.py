"""Learning rules: exact gradients, surrogate gradients and e-prop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from ..errors import SettingError, unknown_name
from ..system.numbers import check_positive
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


LearningRule = EventProp | SurrogateGradient | EProp

RULES: dict[str, type[EventProp] | type[SurrogateGradient] | type[EProp]] = {
    rule.name: rule for rule in (EventProp, SurrogateGradient, EProp)
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
