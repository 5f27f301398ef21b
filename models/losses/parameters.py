"""Parameters that several losses share."""

from genn_shd.network.definitions import Parameter

LOSS_SCALE = Parameter(1.0, minimum=0.0, description="multiplies the logits before the softmax")

INPUT_ACTIVITY = {
    "tau_input": Parameter(20.0, "ms", minimum=0.0, description="time constant of the low-pass filtered input"),
    "input_gain": Parameter(0.01, "ms", minimum=0.0, description="an input spike adds this / tau_input to activity"),
}
"""Parameters of the low-pass filtered input, which weights can use as `activity`."""
