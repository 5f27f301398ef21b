"""Cross-entropy of the outputs' largest voltages."""

from genn_shd.network.definitions import LossModel

from .parameters import LOSS_SCALE

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
