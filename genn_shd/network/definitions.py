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
    default : value where a population states none.
    unit : for messages and help; "1" where dimensionless.
    minimum : smallest allowed value, exclusive; None where any finite value is.
    description : effect, for help.
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


# Words that cannot name anything in a snippet: those of C, and functions and times that snippets know.
RESERVED_NAMES = frozenset(
    {
        *("t", "dt", "T", *FUNCTIONS),
        *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern"),
        *("float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed"),
        *("sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while"),
        *("bool", "true", "false"),
    }
)


# And those that a loss's snippets and weight know besides.
LOSS_NAMES = frozenset({"V", "activity", "weight", "error", "is_label"})


def _check_names(definition: str, names: Iterable[str], reserved: frozenset[str] = RESERVED_NAMES) -> None:
    seen: set[str] = set()
    for name in names:
        if name in reserved or not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name):
            raise SettingError(
                f"{definition}: {name!r} cannot name a state or parameter; take a word of letters, digits and "
                "underscores that is none of C or Python, and that snippets do not know as something else."
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
    dynamics : d/dt (per ms) of each state variable between spikes, linear in the state of neuron and synapse.
    threshold : the neuron spikes where this reaches zero from below; None for a neuron that never spikes.
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
            raise SettingError(f"{self.name}: reset names {sorted(set(self.reset) - set(self.state))}, no state.")
        if self.reset and self.threshold is None:
            raise SettingError(f"{self.name}: a reset needs a threshold.")
        for name in ("parameters", "state", "dynamics", "reset"):
            object.__setattr__(self, name, _freeze(getattr(self, name)))

    @property
    def spiking(self) -> bool:
        """Whether the neuron can spike: it has a threshold."""
        return self.threshold is not None


CURRENT = "I"
"""What a neuron's dynamics call the current of its synapses."""


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
                "give it a state of its own, as an arrival that moves the voltage at once could make a neuron spike at "
                "the arrival itself, and the time of such a spike has no gradient."
            )
        if self.current is not None and CURRENT in self.state:
            raise SettingError(f"{self.name}: {CURRENT} is among its state, so leave current out.")
        for name in ("parameters", "state", "dynamics"):
            object.__setattr__(self, name, _freeze(getattr(self, name)))


def _check_dynamics(name: str, state: Mapping[str, float], dynamics: Mapping[str, str]) -> None:
    if set(state) != set(dynamics):
        raise SettingError(f"{name}: dynamics are given for {sorted(dynamics)}, the state is {sorted(state)}.")


@dataclass(frozen=True)
class LossModel:
    """A loss on the output population: softmax cross-entropy of one logit per class, a sum over outputs, or both.

    The logits are read off the outputs during the trial by snippets; `C` is the cross-entropy of
    `softmax(loss_scale * logit)` against the label, and `error = loss_scale (softmax_k - [k is the label])` its
    derivative by the logit, at the end of the trial or at every step. The backward snippets say how the loss depends
    on an output's voltage at one step, or on the time of one of its spikes. Where a loss is an integral over time,
    `density_loss` writes them from the integrand.

    Names that snippets can use: the loss's parameters and `state`, `t` (end of the step, ms), `dt`, `T` (duration of
    the trial, ms), `weight` (this step's value of the weight expression), `is_label` (1 for the sample's class, else
    0); `step_code` and `voltage_drive` also `V` (what is read of the step); backward also `error`.

    Attributes
    ----------
    name : as in settings.
    reads : "mean_voltage", the integral of V over each step divided by dt, and "voltage", V at the end of each step,
        need outputs that never spike; "spikes" needs spiking outputs. A loss that is an integral over time
        reads the mean, so that its adjoint is driven throughout a step and does not depend on where in a step a spike
        arrives; the grid takes V at the end for the mean, and drives throughout the step all the same.
    parameters : run-time values.
    weight : expression of `t`, `T` and the parameters, tabulated once per step; None where there is none. Where it
        names `activity`, the low-pass filtered activity of the sample's own input (with the parameters
        `tau_input` and `input_gain`, ms), each sample has its own.
    state : what each output accumulates, with its value at the start of a trial (an expression).
    step_code : run for every output after every step (reads a voltage, as `V`).
    spike_code : run for every output spike (reads "spikes").
    logit : expression of the loss's state at the end of the trial.
    cross_entropy : "trial" takes C of the final logits, "step" the mean over time of C of the voltages, "none"
        nothing; the prediction is always from the logits.
    output_loss : added to the loss for every output, an expression of its state at the end of the trial.
    voltage_drive : d(loss of the sample)/dV, V being the voltage that the loss reads of one step.
    spike_drive : d(loss of the sample)/d(time of the output's spike at `t`).
    silent_label_signal : added to the adjoint of the label's output at the end of a trial in which it never spiked,
        an expression of `T` and the parameters. No spike, no gradient: this is a rule that wakes it up.
    description : a line, for help.
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
    def keeps_voltages(self) -> bool:
        """Whether the backward pass needs the voltage of every step."""
        return "V" in find_names(self.voltage_drive)

    @property
    def weighs_input(self) -> bool:
        """Whether the weight depends on the sample's input."""
        return self.weight is not None and "activity" in find_names(self.weight)
