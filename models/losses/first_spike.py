"""Cross-entropy of the outputs' first spikes, plus a reciprocal penalty on a late first spike of the label."""

from .first_spike_time import first_spike_time

FIRST_SPIKE = first_spike_time(
    "first_spike",
    {},
    penalty="alpha / (1.01 * T - {t})",
    slope="alpha / ((1.01 * T - {t}) * (1.01 * T - {t}))",
    tau_0=0.5,
    alpha=3e-3,
)
"""Penalty alpha / (1.01 T - t_l). Defaults of the reference implementation for Yin-Yang."""
