"""Parameters that several losses share."""

from genn_shd.network.definitions import Parameter

LOSS_SCALE = Parameter(1.0, minimum=0.0, description="multiplies the logits before the softmax")

INPUT_ACTIVITY = {
    "tau_input": Parameter(20.0, "ms", minimum=0.0, description="time constant of the input's filtered activity"),
    "input_gain": Parameter(0.01, "ms", minimum=0.0, description="a spike lifts the activity by this / tau_input"),
}
"""Parameters of the input's low-pass filtered activity, which weights can name `activity`."""
