"""Losses of Nowotny, Turner & Knight (2025), as data. T is the trial's duration; design and docs/eventprop.md."""

from __future__ import annotations

from genn_shd.definitions import LossModel, Parameter
from genn_shd.errors import unknown_name

_LOSS_SCALE = {"loss_scale": Parameter(1.0, minimum=0.0)}


def weighted_sum(name: str, weight: str) -> LossModel:
    """Cross-entropy of logit_k = (1/T) int w(t) V_k dt; `weight` is an expression of `t` and `T`."""
    return LossModel(
        name=name,
        reads="mean_voltage",
        parameters=_LOSS_SCALE,
        weight=weight,
        state={"total": "0.0"},
        step_code="total += weight * V * (dt / T);",
        logit="total",
        voltage_drive="error * weight * (dt / T)",
    )


SUM = weighted_sum("sum", "1")
SUM_EXP = weighted_sum("sum_exp", "exp(-t / T)")

MAX = LossModel(
    name="max",
    reads="voltage",
    parameters=_LOSS_SCALE,
    state={"peak": "-1e30", "peak_time": "0.0"},
    step_code="if (V > peak) { peak_time = t; peak = V; }",
    logit="peak",
    voltage_drive="(t == peak_time) ? error : 0.0",
)
"""Cross-entropy of logit_k = max_t V_k."""

XENTROPY = LossModel(
    name="xentropy",
    reads="mean_voltage",
    parameters=_LOSS_SCALE,
    state={"total": "0.0"},
    step_code="total += V * (dt / T);",
    logit="total",
    cross_entropy="step",
    voltage_drive="error * (dt / T)",
)
"""Mean over time of the cross-entropy of the voltages; the prediction is taken from the mean voltage."""

FIRST_SPIKE_EXP = LossModel(
    name="first_spike_exp",
    reads="spikes",
    parameters={
        **_LOSS_SCALE,
        "tau_0": Parameter(1.0, "ms", minimum=0.0),
        "tau_1": Parameter(100.0, "ms", minimum=0.0),
        "alpha": Parameter(5e-5),
    },
    state={"first_spike": "T"},
    spike_code="first_spike = fmin(first_spike, t);",
    logit="-first_spike / tau_0",
    label_penalty="alpha * (exp(first_spike / tau_1) - 1.0)",
    spike_drive="(t == first_spike) ? is_label * alpha / tau_1 * exp(t / tau_1) - error / tau_0 : 0.0",
    silent_label_signal="alpha / tau_1 * exp(T / tau_1)",
)
"""Cross-entropy of logit_k = -t_k / tau_0, t_k the first spike of output k (T where it never spikes), plus
alpha (exp(t_l / tau_1) - 1) for the label's output l. A label's output that never spikes is pushed up at the end of the
trial, as by a phantom spike there."""

LOSSES = {loss.name: loss for loss in (SUM, SUM_EXP, MAX, XENTROPY, FIRST_SPIKE_EXP)}


def loss_named(name: str) -> LossModel:
    """The loss of that name; a SettingError names the nearest where there is none."""
    if name not in LOSSES:
        raise unknown_name("loss", name, LOSSES)
    return LOSSES[name]
