"""Definitions of neurons, synapses and losses: names, units and snippets, and nothing else.

A definition is data. It says what the dynamics are between spikes (right-hand sides of ordinary differential
equations, in the expression part of GeNN's snippet language), when a neuron spikes and what a spike resets. The
adjoint is derived from it (`genn_shd.eventprop.adjoint`), and every back end compiles the result.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np

from ..errors import SettingError
from .expressions import FUNCTIONS, parse
from .snippets import find_names


@dataclass(frozen=True)
class Parameter:
    """A run-time value of a definition: never compiled in, so changing it never recompiles.

    Attributes
    ----------
    default : the value, unless a population gives another.
    unit : shown in messages and help; "1" for a dimensionless parameter.
    minimum : values must be greater than this; None allows every finite value.
    description : the effect of the parameter, shown in help.
    """

    default: float
    unit: str = "1"
    minimum: float | None = None
    description: str = ""

    def check(self, name: str, value: np.ndarray | float) -> None:
        """Raise a SettingError naming `name` where a value is not finite or too small."""
        array = np.asarray(value, dtype=np.float64)
        bad = ~np.isfinite(array)
        if self.minimum is not None:
            bad |= ~(array > self.minimum)
        if np.any(bad):
            allowed = "finite" if self.minimum is None else f"> {self.minimum:g}"
            raise SettingError(f"{name} = {array[bad].flat[0]:g} {self.unit} is not allowed; it must be {allowed}.")


Parameters = Mapping[str, Parameter]


# Words that cannot be names in a snippet: keywords of C, and the functions and times that snippets can use.
RESERVED_NAMES = frozenset(
    {
        *("t", "dt", "T", *FUNCTIONS),
        *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern"),
        *("float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed"),
        *("sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while"),
        *("bool", "true", "false"),
    }
)


# Further names that the snippets and the weight of a loss can use.
LOSS_NAMES = frozenset({"V", "activity", "weight", "error", "is_label"})


def _check_names(definition: str, names: Iterable[str], reserved: frozenset[str] = RESERVED_NAMES) -> None:
    seen: set[str] = set()
    for name in names:
        if name in reserved or not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name):
            raise SettingError(
                f"{definition}: {name!r} cannot name a state or parameter; choose a word of letters, digits and "
                "underscores that is no word of C, of Python or of the snippet language."
            )
        if name in seen:
            raise SettingError(
                f"{definition}: {name!r} names two things; every state and parameter needs its own name."
            )
        seen.add(name)


def _freeze(mapping: Mapping) -> Mapping:
    return MappingProxyType(dict(mapping))


@dataclass(frozen=True)
class NeuronModel:
    """Dynamics of one neuron.

    Attributes
    ----------
    name : shown in messages and listings.
    parameters : run-time values, one number per neuron.
    state : state variables and their values at the start of a trial.
    dynamics : d/dt (per ms) of each state variable between spikes, an expression of the parameters, the state and `I`,
        linear or nonlinear.
    threshold : the neuron spikes when this expression reaches zero from below; None for a neuron that never spikes.
    reset : value of state variables just after a spike, as expressions of the state just before.
    """

    name: str
    parameters: Parameters
    state: Mapping[str, float]
    dynamics: Mapping[str, str]
    threshold: str | None = None
    reset: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_dynamics(self.name, self.state, self.dynamics)
        _check_names(self.name, [*self.state, *self.parameters])
        if set(self.reset) - set(self.state):
            unknown = sorted(set(self.reset) - set(self.state))
            raise SettingError(f"{self.name}: reset names {unknown}; only state variables can be reset.")
        if self.reset and self.threshold is None:
            raise SettingError(f"{self.name}: a reset needs a threshold.")
        for name in ("parameters", "state", "dynamics", "reset"):
            object.__setattr__(self, name, _freeze(getattr(self, name)))

    @property
    def spiking(self) -> bool:
        """Whether the neuron can spike: it has a threshold."""
        return self.threshold is not None


CURRENT = "I"
"""Name of the synaptic current in the dynamics of a neuron."""


@dataclass(frozen=True)
class SynapseModel:
    """A synapse: how spikes that arrive at a neuron become its input current.

    Attributes
    ----------
    name, parameters, state, dynamics : as for a neuron model; the state belongs to the postsynaptic neuron.
    receives : the state variable to which an arriving spike adds its weight.
    current : the synaptic current `I` that a neuron's dynamics read, as an expression of the state and parameters of
        synapse and neuron; None where `I` is a state variable of the synapse.
    """

    name: str
    parameters: Parameters
    state: Mapping[str, float]
    dynamics: Mapping[str, str]
    receives: str
    current: str | None = None

    def __post_init__(self) -> None:
        _check_dynamics(self.name, self.state, self.dynamics)
        _check_names(self.name, [*self.state, *self.parameters])
        if self.receives not in self.state:
            raise SettingError(
                f"{self.name}: receives {self.receives!r}, which is not among its state ({', '.join(self.state)}); "
                "give the synapse a state of its own: an arrival that changes the voltage itself could make a neuron "
                "spike at that time, and the time of such a spike has no gradient."
            )
        if self.current is not None and CURRENT in self.state:
            raise SettingError(f"{self.name}: {CURRENT} is a state of the synapse, so leave current out.")
        for name in ("parameters", "state", "dynamics"):
            object.__setattr__(self, name, _freeze(getattr(self, name)))


def _check_dynamics(name: str, state: Mapping[str, float], dynamics: Mapping[str, str]) -> None:
    if set(state) != set(dynamics):
        raise SettingError(
            f"{name}: dynamics are given for {sorted(dynamics)}, but the state is {sorted(state)}; give one for each."
        )


@dataclass(frozen=True)
class LossModel:
    """A loss on the output population: softmax cross-entropy of one logit per class, a sum over outputs, or both.

    Snippets compute the logits from the outputs during the trial. `C` is the cross-entropy of
    `softmax(loss_scale * logit)` and the label, and `error = loss_scale (softmax_k - [k is the label])` is its
    derivative with respect to the logit, at the end of the trial or at every step. The backward snippets
    `voltage_drive` and `spike_drive` state how the loss depends on an output's voltage in one step, or on the time of
    one of its spikes. For a loss that is an integral over time, `density_loss` derives them from the integrand.

    Names that snippets can use: the parameters and the `state` of the loss, `t` (end of the step, ms), `dt`, `T`
    (duration of the trial, ms), `weight` (value of the weight expression in this step), `is_label` (1 for the class of
    the sample, else 0). `step_code` and `voltage_drive` can also use `V` (see `reads`), backward snippets also
    `error`.

    Attributes
    ----------
    name : name in settings and messages.
    reads : "mean_voltage" makes `V` the integral of the voltage over a step divided by dt, "voltage" makes it the
        voltage at the end of the step; both need outputs that never spike. "spikes" needs spiking outputs. An
        integral over time should read the mean: the adjoint then has a source throughout the step, and does not depend
        on where in the step a spike arrives. The grid schemes use the voltage at the end of the step as the mean.
    parameters : run-time values.
    weight : expression of `t`, `T` and the parameters, evaluated once per step; None for no weight. If it uses
        `activity`, the low-pass filtered input of the sample (parameters `tau_input`, ms, and `input_gain`), every
        sample has its own weight.
    state : variables that accumulate over the trial, one of each per output, with their initial values (expressions).
    step_code : run for every output after every step, if the loss reads a voltage.
    spike_code : run for every output spike, if the loss reads "spikes".
    logit : expression of the loss's state at the end of the trial.
    cross_entropy : "trial" adds C of the final logits to the loss, "step" the mean over time of C of the voltages,
        "none" nothing. The prediction is always the class of the largest logit.
    output_loss : expression of the state at the end of the trial; its sum over the outputs is added to the loss.
    voltage_drive : d(loss of the sample)/dV for the V of one step.
    spike_drive : d(loss of the sample)/d(time of the output's spike at `t`).
    silent_label_signal : added to the adjoint of the label's output at the end of a trial in which it never spiked,
        an expression of `T` and the parameters. An output without spikes has no gradient; this rule, which is not a
        gradient, makes it spike again.
    description : one line, shown in help.
    """

    name: str
    reads: Literal["mean_voltage", "voltage", "spikes"]
    parameters: Parameters
    state: Mapping[str, str]
    logit: str
    weight: str | None = None
    step_code: str = ""
    spike_code: str = ""
    cross_entropy: Literal["trial", "step", "none"] = "trial"
    output_loss: str = "0.0"
    voltage_drive: str = "0.0"
    spike_drive: str = "0.0"
    silent_label_signal: str = "0.0"
    description: str = ""

    def __post_init__(self) -> None:
        for name in ("parameters", "state"):
            object.__setattr__(self, name, _freeze(getattr(self, name)))
        _check_names(f"loss {self.name!r}", [*self.parameters, *self.state], RESERVED_NAMES | LOSS_NAMES)
        if "loss_scale" not in self.parameters:
            raise SettingError(f"loss {self.name!r}: parameters must hold 'loss_scale', which multiplies the logits.")
        if self.weight is not None:
            activity = {"activity"} if self.weighs_input else set()
            parse(self.weight, {"t", "T", *self.parameters} | activity)
        if self.weighs_input and not {"tau_input", "input_gain"} <= set(self.parameters):
            raise SettingError(f"loss {self.name!r}: its weight names activity, so give tau_input and input_gain.")

    @property
    def differentiable(self) -> bool:
        """Whether the loss has a derivative by voltages or times of spikes, which gradients need."""
        return any(text != "0.0" for text in (self.voltage_drive, self.spike_drive)) or self.cross_entropy == "step"

    @property
    def keeps_voltages(self) -> bool:
        """Whether the backward pass needs the voltage of every step."""
        return "V" in find_names(self.voltage_drive)

    @property
    def weighs_input(self) -> bool:
        """Whether the weight depends on the sample's input."""
        return self.weight is not None and "activity" in find_names(self.weight)
