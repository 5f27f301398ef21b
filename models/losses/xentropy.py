"""Mean over time of the cross-entropy of the outputs' voltages."""

from genn_shd.network.definitions import LossModel

from .parameters import LOSS_SCALE

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
