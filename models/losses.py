"""Losses of Nowotny, Turner & Knight (2025), as data. T is the trial's duration; see docs/theory/eventprop.md."""

from __future__ import annotations

from collections.abc import Mapping

from genn_shd.errors import SettingError, unknown_name
from genn_shd.network.definitions import LossModel, Parameter
from genn_shd.network.find_definitions import is_import_path, load_definition
from genn_shd.network.snippets import uses

LOSS_SCALE = Parameter(1.0, minimum=0.0, description="multiplies the logits before the softmax")

INPUT_ACTIVITY = {
    "tau_input": Parameter(20.0, "ms", minimum=0.0, description="time constant of the input's filtered activity"),
    "input_gain": Parameter(0.01, "ms", minimum=0.0, description="a spike lifts the activity by this / tau_input"),
}
"""Parameters of the input's low-pass filtered activity, which weights can name `activity`."""


def weighted_sum(name: str, weight: str, parameters: Mapping[str, Parameter] | None = None) -> LossModel:
    """Define the loss that is the cross-entropy of logit_k = (1/T) int w(t) V_k dt.

    Parameters
    ----------
    name : of the loss.
    weight : w(t), an expression of `t`, `T`, the parameters, and `activity`, that of the sample's own input.
    parameters : run-time values that the weight uses.
    """
    of_input = INPUT_ACTIVITY if "activity" in uses(weight) else {}
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


SUM = weighted_sum("sum", "1")
SUM_LINEAR = weighted_sum("sum_linear", "1 - t / T")
SUM_EXP = weighted_sum("sum_exp", "exp(-t / T)")
SUM_SIGMOID = weighted_sum(
    "sum_sigmoid",
    "1 / (1 + exp(steepness * (t / T - centre)))",
    {
        "steepness": Parameter(5.0, description="of the weight's fall at the centre"),
        "centre": Parameter(0.5, description="where the weight has fallen to a half, as a part of the trial"),
    },
)

SUM_INPUT = weighted_sum("sum_input", "activity")

MAX = LossModel(
    name="max",
    reads="voltage",
    parameters={"loss_scale": LOSS_SCALE},
    state={"peak": "-1e30", "peak_time": "0.0"},
    step_code="if (V > peak) { peak_time = t; peak = V; }",
    logit="peak",
    voltage_drive="(t == peak_time) ? error : 0.0",
    description="Cross-entropy of the outputs' largest voltages.",
)
"""Cross-entropy of logit_k = max_t V_k."""

XENTROPY = LossModel(
    name="xentropy",
    reads="mean_voltage",
    parameters={"loss_scale": LOSS_SCALE},
    state={"total": "0.0"},
    step_code="total += V * (dt / T);",
    logit="total",
    cross_entropy="step",
    voltage_drive="error * (dt / T)",
    description="Mean over time of the cross-entropy of the outputs' voltages.",
)
"""Mean over time of the cross-entropy of the voltages; the prediction is taken from the mean voltage."""


def _first_spike(
    name: str, parameters: Mapping[str, Parameter], penalty: str, slope: str, tau_0: float, alpha: float
) -> LossModel:
    """Define a loss on first spikes: cross-entropy of logit_k = -t_k / tau_0, plus a penalty on the label's t_l.

    t_k is the first spike of output k, T where it never spikes. A label's output that never spikes is pushed up at the
    end of the trial, as by a phantom spike there. `penalty` and its derivative `slope` are expressions of {t}.
    """
    return LossModel(
        name=name,
        reads="spikes",
        parameters={
            "loss_scale": LOSS_SCALE,
            "tau_0": Parameter(tau_0, "ms", minimum=0.0, description="divides the times of first spikes"),
            "alpha": Parameter(alpha, description="strength of the penalty on late first spikes of the label"),
            **parameters,
        },
        state={"first_spike": "T"},
        spike_code="first_spike = fmin(first_spike, t);",
        logit="-first_spike / tau_0",
        output_loss=f"is_label * {penalty.format(t='first_spike')}",
        spike_drive=f"(t == first_spike) ? is_label * {slope.format(t='t')} - error / tau_0 : 0.0",
        silent_label_signal=slope.format(t="T"),
        description=f"Cross-entropy of the outputs' first spike times t, plus {penalty.format(t='t')} of the label's.",
    )


FIRST_SPIKE = _first_spike(
    "first_spike",
    {},
    penalty="alpha / (1.01 * T - {t})",
    slope="alpha / ((1.01 * T - {t}) * (1.01 * T - {t}))",
    tau_0=0.5,
    alpha=3e-3,
)
"""Penalty alpha / (1.01 T - t_l). Defaults of the reference implementation for Yin-Yang."""

FIRST_SPIKE_EXP = _first_spike(
    "first_spike_exp",
    {"tau_1": Parameter(100.0, "ms", minimum=0.0, description="time in which the penalty grows e-fold")},
    penalty="alpha * (exp({t} / tau_1) - 1.0)",
    slope="alpha / tau_1 * exp({t} / tau_1)",
    tau_0=1.0,
    alpha=5e-5,
)
"""Penalty alpha (exp(t_l / tau_1) - 1). Defaults of the reference implementation for speech."""

LOSSES = {
    loss.name: loss
    for loss in (SUM, SUM_LINEAR, SUM_EXP, SUM_SIGMOID, SUM_INPUT, MAX, XENTROPY, FIRST_SPIKE, FIRST_SPIKE_EXP)
}
"""Losses by the name that the setting `loss.name` takes."""


def find_loss(name: str) -> LossModel:
    """Return the loss of a name, or of an import path `module:name`.

    Raises
    ------
    SettingError
        There is no such loss; the message names the nearest.
    """
    if name == "sum_weighted":
        raise SettingError("loss 'sum_weighted' needs its weight: give weighted_sum('sum_weighted', 'exp(-t / T)').")
    if is_import_path(name):
        return load_definition(name, LossModel)
    if name not in LOSSES:
        raise unknown_name("loss", name, LOSSES)
    return LOSSES[name]
