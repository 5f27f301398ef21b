"""Formulae that every back end computes, each stated once: of numbers, of arrays, or of C code.

Given arrays, a function computes; given `Code`, it writes the same operations in the same order in the snippet
language, which the generators put into what they write.

Two things cannot be shared. The largest logit and the sum of exponentials are loops, which every back end writes in its
own way; and native multiplies the errors of a softmax by scale / sum, one division a sample, where GeNN divides each.
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
"""Numbers of one step: decays of the moments and 1 minus them, the learning rate with the first moment's correction,
that of the second moment, what keeps the division finite, and the part of a weight that decays."""


def compute_adam_constants(learning_rate: float, values: RunValues, steps_taken: int) -> dict[str, float]:
    """ADAM_CONSTANTS of a step; `steps_taken` counts it."""
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
    """Both moments after a gradient."""
    c = constants
    return (
        c["beta1"] * moment1 + c["rest1"] * gradient,
        c["beta2"] * moment2 + c["rest2"] * gradient * gradient,
    )


def compute_adam_step(moment1: Value, moment2: Value, constants: Mapping[str, Any]) -> Value:
    """Return the step that is subtracted from a parameter, before its own multiplier of the learning rate."""
    root = _call("sqrt", np.sqrt, moment2 * constants["correction"])
    return constants["rate"] * moment1 / (root + constants["epsilon"])


def compute_decay(weight: Value, constants: Mapping[str, Any]) -> Value:
    """Return what is subtracted from a weight, whatever its gradient; parameters of neurons and delays do not decay."""
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
    """Spikes per neuron above the target of the population."""
    return _call("fmax", np.maximum, 0.0, total - total_upper) / size


def count_signal(count: Value, excess: Value, rule: Mapping[str, Any]) -> Value:
    """Return the signal that each spike of a neuron adds to its adjoint, see `SpikeCountRegularisation`.

    Parameters
    ----------
    count : of the neuron's spikes.
    excess : see `compute_total_excess`.
    rule : the numbers of the regularisation by name.
    """
    above = _call("fmax", np.maximum, 0.0, count - rule["upper"])
    below = _call("fmin", np.minimum, 0.0, count - rule["lower"])
    pull = -rule["strength_upper"] * above - rule["strength_lower"] * below
    return pull - rule["strength_total"] * excess
