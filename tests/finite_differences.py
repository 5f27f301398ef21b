"""Central differences of a compiled model's own loss: what an exact gradient must equal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from genn_shd import Model, SpikeTrains


def central_differences(
    model: Model, batch: SpikeTrains, name: str, indices: np.ndarray, step: float = 1e-6
) -> tuple[np.ndarray, np.ndarray]:
    """d(mean loss)/d(parameter) at flat `indices` of one parameter, and where no spike appeared or vanished."""
    start = model.parameters[name]

    def probe(index: int, change: float) -> tuple[float, np.ndarray]:
        moved = start.copy()
        moved.flat[index] += change
        model.set_parameters({name: moved})
        result = model.evaluate_batch(batch)
        return result.loss, np.concatenate([c.ravel() for c in result.spike_counts.values()])

    return _differences(probe, indices, step, lambda: model.set_parameters({name: start}))


def _differences(
    probe: Callable[[int, float], tuple[float, np.ndarray]],
    indices: np.ndarray,
    step: float,
    restore: Callable[[], None],
) -> tuple[np.ndarray, np.ndarray]:
    slopes, smooth = np.empty(len(indices)), np.empty(len(indices), bool)
    for k, index in enumerate(indices):
        above, below = probe(index, step), probe(index, -step)
        slopes[k] = (above[0] - below[0]) / (2 * step)
        smooth[k] = np.array_equal(above[1], below[1])
    restore()
    return slopes, smooth
