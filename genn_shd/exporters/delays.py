"""Delays of connections in whole time steps."""

from __future__ import annotations

import numpy as np


def count_steps(delays: np.ndarray, least: int, dt: float, scalar: type) -> np.ndarray:
    """Round delays, ms, to whole steps, less the `least` that every spike takes: as the grid scheme does."""
    whole = (delays.astype(scalar) * scalar(1 / dt) + scalar(0.5)).astype(np.int64)
    return np.maximum(whole - least, 0)
