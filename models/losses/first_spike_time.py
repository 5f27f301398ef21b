"""Losses on the times of the outputs' first spikes."""

from __future__ import annotations

from collections.abc import Mapping

from genn_shd.network.definitions import LossModel, Parameter

from .parameters import LOSS_SCALE


def first_spike_time(
    name: str, parameters: Mapping[str, Parameter], penalty: str, slope: str, tau_0: float, alpha: float
) -> LossModel:
    """Define a loss on first spikes: cross-entropy of logit_k = -t_k / tau_0, plus a penalty on the label's t_l.

    t_k is the first spike of output k, T where it never spikes. A label's output that never spikes is pushed up at the
    end of the trial, as by a phantom spike there.

    Parameters
    ----------
    name : of the loss.
    parameters : run-time values that the penalty uses, beside `alpha`.
    penalty, slope : the penalty and its derivative by the time of the spike, expressions in which `{t}` is that time.
    tau_0 : default of what divides the times of first spikes, ms.
    alpha : default of the penalty's strength.
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
