"""Spike trains of many samples, and files of them."""

from .spike_trains import UNKNOWN, SpikeTrains

__all__ = ["UNKNOWN", "SpikeTrains"]
