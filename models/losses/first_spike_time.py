"""Losses on the times of the outputs' first spikes."""

from __future__ import annotations

from collections.abc import Mapping

from genn_shd.network.definitions import LossModel, Parameter

from .parameters import LOSS_SCALE


def first_spike_time(
    name: str, parameters: Mapping[str, Parameter], penalty: str, slope: str, tau_0: float, alpha: float
) -> LossModel:
    """Define a loss on first spikes: cross-entropy of logit_k = -t_k / tau_0, plus a penalty on the label's t_l.

    t_k is the time of the first spike of output k, or T (the end of the trial) if it never spikes. If the output of the
    label never spikes, its adjoint gets a signal at T that makes it spike again.

    Parameters
    ----------
    name : name of the loss.
    parameters : run-time values that the penalty uses, in addition to `alpha`.
    penalty, slope : the penalty and its derivative with respect to the time of the spike; expressions of `{t}`, the
        time.
    tau_0 : default of the time constant tau_0, ms.
    alpha : default of the strength of the penalty.
    """
    return LossModel(
        name=name,
        reads="spikes",
        parameters={
            "loss_scale": LOSS_SCALE,
            "tau_0": Parameter(tau_0, "ms", minimum=0.0, description="logits are -(time of first spike) / tau_0"),
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
