"""Delays of connections in time steps."""

from __future__ import annotations

import numpy as np


def count_steps(delays: np.ndarray, least: int, dt: float, scalar: type) -> np.ndarray:
    """Round delays to time steps, as the grid scheme does, and subtract those that every spike takes.

    Parameters
    ----------
    delays : any shape, ms.
    least : time steps that a spike takes without a delay.
    dt : length of a step, ms.
    scalar : floating-point type in which they are rounded.

    Returns
    -------
    Same shape, int64; at least 0.
    """
    whole = (delays.astype(scalar) * scalar(1 / dt) + scalar(0.5)).astype(np.int64)
    return np.maximum(whole - least, 0)
