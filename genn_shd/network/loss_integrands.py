"""Losses that are integrals over the trial, from their integrand: the derivative by the voltage is SymPy's.

The integrand is text in the expression part of the snippet language. It speaks of one output: `V`, its voltage; `t`
and `T`, time and duration of the trial (ms); the parameters; `weight`, where a weight is given.
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
    """L = loss_scale (1/T) int sum_k l(V_k, t) dt; the prediction is the output of largest mean voltage.

    Parameters
    ----------
    name : of the loss.
    density : l, which can also name `is_label`: 1 for the output of the sample's class, 0 for the others.
    parameters : run-time values that it names.
    weight : expression of `t`, `T` and the parameters that it names `weight`.

    Raises
    ------
    SettingError
        An expression that cannot be read, or does not depend on V.
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
    """Cross-entropy of softmax(loss_scale * logit_k), logit_k = (1/T) int l(V_k, t) dt.

    Arguments as for `density_loss`. A prediction cannot depend on the label, so l cannot use `is_label`.
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
    """A name for the loss's own state that none of its parameters has."""
    while name in (parameters or {}):
        name += "_"
    return name


def _write_code(
    name: str, density: str, parameters: Mapping[str, Parameter] | None, weight: str | None, more: set[str]
) -> tuple[str, str]:
    """Code of l and of dl/dV. Corners (of fmax, fmin and fabs) count as the piece below them."""
    names = {"V", "t", "T", *(parameters or {}), *({"weight"} if weight else ()), *more}
    integrand = parse(density, names)
    derivative = integrand.diff(make_symbol("V"))
    if derivative == 0:
        raise SettingError(f"loss {name!r}: {density!r} does not depend on V, so nothing would be learned.")
    steps = derivative.replace(sympy.Heaviside, lambda x, *_: sympy.Piecewise((1, x > 0), (0, True)))
    signs = steps.replace(sympy.sign, lambda x: sympy.Piecewise((1, x > 0), (-1, True)))
    return to_code(integrand), " ".join(to_code(signs).split())
