"""Losses on the weighted mean voltage of the outputs."""

from __future__ import annotations

from collections.abc import Mapping

from genn_shd.network.definitions import LossModel, Parameter
from genn_shd.network.snippets import find_names

from .parameters import INPUT_ACTIVITY, LOSS_SCALE


def weighted_sum(name: str, weight: str, parameters: Mapping[str, Parameter] | None = None) -> LossModel:
    """Define a loss: the cross-entropy of softmax(loss_scale * logit_k), logit_k = (1/T) int w(t) V_k dt.

    Parameters
    ----------
    name : name of the loss.
    weight : w(t), an expression of `t` and `T` (time and duration of the trial, ms), the parameters, and `activity`,
        the low-pass filtered input of the sample.
    parameters : run-time values that the weight uses, by name.
    """
    of_input = INPUT_ACTIVITY if "activity" in find_names(weight) else {}
    weighted = "" if weight == "1" else f", weighted by {weight}{', that of the input' if of_input else ''}"
    return LossModel(
        name=name,
        reads="mean_voltage",
        parameters={"loss_scale": LOSS_SCALE, **of_input, **(parameters or {})},
        weight=weight,
        state={"total": "0.0"},
        step_code="total += weight * V * (dt / T);",
        logit="total",
        voltage_drive="error * weight * (dt / T)",
        description=f"Cross-entropy of the outputs' mean voltages{weighted}.",
    )
