"""Figures of a training."""

from .._moved import hand_on

__getattr__ = hand_on("genn_shd.plots.training")
