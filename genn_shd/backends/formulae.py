"""Formulae of all back ends, each stated once, for numbers, arrays or C code.

With arrays, a function computes values. With `Code`, it writes the same operations in the same order in the snippet
language, for generated code.

Two parts are not shared. The largest logit and the sum of exponentials are loops, which each back end writes itself.
And native multiplies the errors of a softmax by scale / sum, with one division per sample, while GeNN divides each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from .run_values import RunValues


@dataclass(frozen=True)
class Code:
    """An expression in the snippet language."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __add__(self, other: Operand) -> Code:
        return Code(f"({self} + {_to_text(other)})")

    def __sub__(self, other: Operand) -> Code:
        return Code(f"({self} - {_to_text(other)})")

    def __mul__(self, other: Operand) -> Code:
        return Code(f"({self} * {_to_text(other)})")

    def __truediv__(self, other: Operand) -> Code:
        return Code(f"({self} / {_to_text(other)})")

    def __neg__(self) -> Code:
        return Code(f"(-{self})")


Operand = Code | float


def _to_text(operand: Operand) -> str:
    return str(operand) if isinstance(operand, Code) else repr(operand)


Value = TypeVar("Value", Code, np.ndarray)


def _call(name: str, function: np.ufunc, *arguments: Any) -> Any:
    if any(isinstance(argument, Code) for argument in arguments):
        return Code(f"{name}({', '.join(map(_to_text, arguments))})")
    return function(*arguments)


# -- Adam (Kingma & Ba 2015), with decoupled weight decay (Loshchilov & Hutter 2019) --------------------------------

ADAM_CONSTANTS = ("beta1", "rest1", "beta2", "rest2", "rate", "correction", "epsilon", "decay")
"""Constants of one step: decays of the moments and 1 minus them, the learning rate with the correction of the first
moment, the correction of the second moment, epsilon, and the fraction by which weights decay."""


def compute_adam_constants(learning_rate: float, values: RunValues, steps_taken: int) -> dict[str, float]:
    """Compute the ADAM_CONSTANTS of a step; `steps_taken` includes this step."""
    beta1, beta2 = values.get_optimiser("beta1"), values.get_optimiser("beta2")
    return {
        "beta1": beta1,
        "rest1": 1.0 - beta1,
        "beta2": beta2,
        "rest2": 1.0 - beta2,
        "rate": learning_rate / (1.0 - beta1**steps_taken),
        "correction": 1.0 / (1.0 - beta2**steps_taken),
        "epsilon": values.get_optimiser("epsilon"),
        "decay": learning_rate * values.get_optimiser("weight_decay"),
    }


def update_adam_moments(
    moment1: Value, moment2: Value, gradient: Value, constants: Mapping[str, Any]
) -> tuple[Value, Value]:
    """Return both moments after an update with a gradient."""
    c = constants
    return (
        c["beta1"] * moment1 + c["rest1"] * gradient,
        c["beta2"] * moment2 + c["rest2"] * gradient * gradient,
    )


def compute_adam_step(moment1: Value, moment2: Value, constants: Mapping[str, Any]) -> Value:
    """Return the step to subtract from a parameter, without the parameter's factor of the learning rate."""
    root = _call("sqrt", np.sqrt, moment2 * constants["correction"])
    return constants["rate"] * moment1 / (root + constants["epsilon"])


def compute_decay(weight: Value, constants: Mapping[str, Any]) -> Value:
    """Return the decay to subtract from a weight; parameters of neurons and delays do not decay."""
    return constants["decay"] * weight


# -- softmax cross-entropy -----------------------------------------------------------------------------------------


def compute_softmax_term(logit: Value, largest: Value, scale: Any) -> Value:
    """Return the term of a logit in the sum of exponentials, relative to that of the largest."""
    return _call("exp", np.exp, scale * (logit - largest))


def compute_cross_entropy(label_logit: Value, largest: Value, scale: Any, total: Value) -> Value:
    """Compute the cross-entropy of the softmax and the label from the sum of all terms."""
    return _call("log", np.log, total) - scale * (label_logit - largest)


# -- spike-count regularisation ------------------------------------------------------------------------------------


def compute_total_excess(total: Value, total_upper: Any, size: Any) -> Value:
    """Compute the number of spikes per neuron above the target of the population."""
    return _call("fmax", np.maximum, 0.0, total - total_upper) / size


def count_signal(count: Value, excess: Value, rule: Mapping[str, Any]) -> Value:
    """Return the value that each spike of a neuron adds to its adjoint, see `SpikeCountRegularisation`.

    Parameters
    ----------
    count : number of spikes of the neuron.
    excess : see `compute_total_excess`.
    rule : targets and strengths of the regularisation by name.
    """
    above = _call("fmax", np.maximum, 0.0, count - rule["upper"])
    below = _call("fmin", np.minimum, 0.0, count - rule["lower"])
    pull = -rule["strength_upper"] * above - rule["strength_lower"] * below
    return pull - rule["strength_total"] * excess
