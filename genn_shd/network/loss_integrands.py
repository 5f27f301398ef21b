"""Make losses that are integrals over the trial from their integrands; SymPy derives dl/dV.

The integrand l is text in the expression part of the snippet language. It is a function of one output and can use `V`
(its voltage), `t` and `T` (time and duration of the trial, ms), the parameters, and `weight` if a weight is given.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from ..errors import SettingError
from .definitions import LossModel, Parameter
from .expressions import make_symbol, parse, to_code

_LOSS_SCALE = Parameter(1.0, minimum=0.0, description="multiplies the logits before the softmax, or the loss")


def density_loss(
    name: str, density: str, parameters: Mapping[str, Parameter] | None = None, weight: str | None = None
) -> LossModel:
    """Make the loss L = loss_scale (1/T) int sum_k l(V_k, t) dt; the output of largest mean voltage is predicted.

    Parameters
    ----------
    name : name of the loss.
    density : the integrand l. It can also use `is_label`: 1 for the output of the sample's class, 0 for the others.
    parameters : run-time values that the expressions use, by name.
    weight : expression of `t`, `T` and the parameters; `density` can use its value as `weight`.

    Raises
    ------
    SettingError
        An expression cannot be parsed, or `density` does not depend on V.
    """
    code, derivative = _write_code(name, density, parameters, weight, {"is_label"})
    total, cost = (_find_free_name(state, parameters) for state in ("total", "cost"))
    return LossModel(
        name=name,
        reads="mean_voltage",
        parameters={"loss_scale": _LOSS_SCALE, **(parameters or {})},
        weight=weight,
        state={total: "0.0", cost: "0.0"},
        step_code=f"{total} += V * (dt / T); {cost} += ({code}) * (dt / T);",
        logit=total,
        cross_entropy="none",
        output_loss=f"loss_scale * {cost}",
        voltage_drive=f"loss_scale * ({derivative}) * (dt / T)",
    )


def logit_loss(
    name: str, density: str, parameters: Mapping[str, Parameter] | None = None, weight: str | None = None
) -> LossModel:
    """Make the loss L = cross-entropy of softmax(loss_scale * logit_k), logit_k = (1/T) int l(V_k, t) dt.

    Parameters and errors are those of `density_loss`, but l cannot use `is_label`: logits do not know the label.
    """
    code, derivative = _write_code(name, density, parameters, weight, set())
    total = _find_free_name("total", parameters)
    return LossModel(
        name=name,
        reads="mean_voltage",
        parameters={"loss_scale": _LOSS_SCALE, **(parameters or {})},
        weight=weight,
        state={total: "0.0"},
        step_code=f"{total} += ({code}) * (dt / T);",
        logit=total,
        voltage_drive=f"error * ({derivative}) * (dt / T)",
    )


def _find_free_name(name: str, parameters: Mapping[str, Parameter] | None) -> str:
    """Find a name for a state of the loss that is not the name of a parameter."""
    while name in (parameters or {}):
        name += "_"
    return name


def _write_code(
    name: str, density: str, parameters: Mapping[str, Parameter] | None, weight: str | None, more: set[str]
) -> tuple[str, str]:
    """Write the code of l and of dl/dV. At a corner of fmax, fmin or fabs, dl/dV is the derivative from below."""
    names = {"V", "t", "T", *(parameters or {}), *({"weight"} if weight else ()), *more}
    integrand = parse(density, names)
    derivative = integrand.diff(make_symbol("V"))
    if derivative == 0:
        raise SettingError(f"loss {name!r}: {density!r} does not depend on V, so its gradient would be zero.")
    steps = derivative.replace(sympy.Heaviside, lambda x, *_: sympy.Piecewise((1, x > 0), (0, True)))
    signs = steps.replace(sympy.sign, lambda x: sympy.Piecewise((1, x > 0), (-1, True)))
    return to_code(integrand), " ".join(to_code(signs).split())
