"""Weights in 8 bits: whole numbers from -127 to 127, times a scale of their row."""

from __future__ import annotations

import numpy as np

LARGEST = 127


def quantise(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round the weights of each source neuron to whole multiples of a scale, that of its largest.

    Parameters
    ----------
    weights : (pre, post).

    Returns
    -------
    (pre, post) int8 and (pre,) float32; a weight is the product of the two.
    """
    scales = (np.abs(weights).max(axis=1, initial=0.0) / LARGEST).astype(np.float32)
    divisors = np.where(scales > 0, scales, 1)[:, None]
    return np.clip(np.rint(weights / divisors), -LARGEST, LARGEST).astype(np.int8), scales


def dequantise(weights: np.ndarray) -> np.ndarray:
    """The weights that `quantise` stands for, (pre, post) float64."""
    whole, scales = quantise(weights)
    return whole * scales.astype(np.float64)[:, None]
