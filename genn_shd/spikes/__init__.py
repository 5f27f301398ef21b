"""Spike trains of many samples, and the files that store them."""

from .spike_trains import UNKNOWN, SpikeTrains

__all__ = ["UNKNOWN", "SpikeTrains"]
