"""Cross-entropy of the outputs' first spikes, plus an exponential penalty on a late first spike of the label."""

from genn_shd.network.definitions import Parameter

from .first_spike_time import first_spike_time

FIRST_SPIKE_EXP = first_spike_time(
    "first_spike_exp",
    {"tau_1": Parameter(100.0, "ms", minimum=0.0, description="time in which the penalty grows by the factor e")},
    penalty="alpha * (exp({t} / tau_1) - 1.0)",
    slope="alpha / tau_1 * exp({t} / tau_1)",
    tau_0=1.0,
    alpha=5e-5,
)
"""Penalty alpha (exp(t_l / tau_1) - 1). Defaults of the reference implementation for speech."""
