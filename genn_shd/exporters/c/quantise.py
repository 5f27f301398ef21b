"""Quantisation of weights to 8 bits: integers from -127 to 127, with one scale per source neuron."""

from __future__ import annotations

import numpy as np

LARGEST = 127


def quantise(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round the weights of each source neuron to multiples of a scale, the largest of them divided by 127.

    Parameters
    ----------
    weights : (pre, post).

    Returns
    -------
    Integers, (pre, post) int8, and scales, (pre,) float32. A weight is approximately their product.
    """
    scales = (np.abs(weights).max(axis=1, initial=0.0) / LARGEST).astype(np.float32)
    divisors = np.where(scales > 0, scales, 1)[:, None]
    return np.clip(np.rint(weights / divisors), -LARGEST, LARGEST).astype(np.int8), scales


def dequantise(weights: np.ndarray) -> np.ndarray:
    """Round weights, (pre, post), to those that `quantise` can represent, (pre, post) float64."""
    whole, scales = quantise(weights)
    return whole * scales.astype(np.float64)[:, None]
