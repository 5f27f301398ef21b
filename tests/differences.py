"""Gradients of every parameter against central differences: of its largest entries, and of all entries at once."""

from __future__ import annotations

import numpy as np

from genn_shd import Model, SpikeTrains
from genn_shd.backends.gradient_check import compute_central_differences

LARGEST = 3
ROUNDINGS = 32
"""Of the loss, by which a difference may be off."""
CLOSE = 1e-7
"""A relative error below which no other step is tried."""


def compute_errors(
    model: Model, batch: SpikeTrains, name: str, gradient: np.ndarray, step: float, loss: float
) -> tuple[float, float]:
    """Compare the gradient of one parameter with differences.

    Returns
    -------
    The relative error beyond what rounding of the loss makes of the differences, the larger of the two comparisons; and
    that rounding, relative to the differences of single entries.
    """
    largest = np.argsort(-np.abs(gradient.ravel()))[:LARGEST]
    slopes, smooth = compute_central_differences(model, batch, name, largest, step)
    assert smooth.any(), name
    rounding = ROUNDINGS * np.finfo(float).eps * loss / step
    beyond = np.maximum(np.abs(gradient.ravel()[largest] - slopes)[smooth] - rounding, 0.0)
    norm = float(np.linalg.norm(slopes[smooth]))
    together = _compute_error_uphill(model, batch, name, gradient, step, rounding)
    if together is None or together > CLOSE:
        # Losses of some neurons round more coarsely: a longer step tells.
        longer = _compute_error_uphill(model, batch, name, gradient, 10 * step, rounding / 10)
        together = min((error for error in (together, longer) if error is not None), default=0.0)
    return max(float(np.linalg.norm(beyond)) / norm, together), rounding / norm


def _compute_error_uphill(
    model: Model, batch: SpikeTrains, name: str, gradient: np.ndarray, step: float, rounding: float
) -> float | None:
    """Relative error of the derivative in a direction uphill that moves all entries; None where spikes come or go."""
    start = model.parameters[name]
    direction = np.sign(gradient) * np.random.default_rng(1).uniform(0.2, 1.0, gradient.shape)
    direction /= np.linalg.norm(direction)
    sides = []
    for change in (step, -step):
        model.set_parameters({name: start + change * direction})
        sides.append(model.evaluate_batch(batch))
    model.set_parameters({name: start})
    above, below = sides
    if any(not np.array_equal(above.spike_counts[p], below.spike_counts[p]) for p in above.spike_counts):
        return None
    slope = (above.loss - below.loss) / (2 * step)
    return max(0.0, abs(float(np.sum(gradient * direction)) - slope) - rounding) / abs(slope)
