"""Gradients by central differences, refused where the loss is not smooth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.reference_solver.lif import Array
from tests.reference_solver.losses import losses_and_logits
from tests.reference_solver.network import Batch, Network, get_parameter, with_parameter
from tests.reference_solver.simulation import Record, simulate

MAX_REPLICAS = 2048


class NotDifferentiable(ArithmeticError):
    """A central difference that straddles a change of the event sequence, or a kink of the loss."""


@dataclass(frozen=True, eq=False)
class FiniteDifference:
    """Gradient of the batch-mean loss by central differences, in the parameter's shape.

    `gradient` extrapolates the differences with steps `step` and step / 2 (error of order step^4);
    `uncertainty` is how much those two differ, a generous bound of its error.
    """

    gradient: Array
    uncertainty: Array
    step: Array


def finite_difference(
    network: Network, batch: Batch, parameter: str, step: float = 1e-4, smallest_step: float = 1e-7
) -> FiniteDifference:
    """Differences of the batch-mean loss with respect to every element of a parameter.

    An element's step is `step` times its size (at least 0.1). Where the sequence of events (which neuron
    spikes, which spike arrives; with a loss on a grid, in which step) is not the same in every evaluation the
    step is divided by 10, down to `smallest_step`.

    Raises
    ------
    NotDifferentiable : where even the smallest step changes the sequence of events.
    """
    value = get_parameter(network, parameter)
    flat = value.ravel()
    size = np.maximum(np.abs(flat), 0.1)
    steps, differences = np.full(flat.size, step), np.empty((flat.size, 2))
    base = _events(simulate(network, batch))
    remaining = np.arange(flat.size)
    while remaining.size:
        shifts = size[remaining, None] * steps[remaining, None] * [1.0, -1.0, 0.5, -0.5]
        losses, same = _shifted_losses(network, batch, parameter, remaining, shifts, base)
        differences[remaining] = (losses[:, ::2] - losses[:, 1::2]) / (2.0 * shifts[:, ::2])
        remaining = remaining[~same]
        steps[remaining] /= 10.0
        if np.any(steps[remaining] < smallest_step * (1 - 1e-9)):
            where = np.unravel_index(remaining[0], value.shape)
            raise NotDifferentiable(f"{parameter}{list(map(int, where))}: any step changes the sequence of events")
    coarse, fine = differences.T.reshape(2, *value.shape)
    return FiniteDifference((4.0 * fine - coarse) / 3.0, np.abs(fine - coarse), (steps * size).reshape(value.shape))


def finite_difference_gradient(network: Network, batch: Batch, parameter: str, tolerance: float = 1e-4) -> Array:
    """The gradient of `finite_difference`, unless its uncertainty exceeds `tolerance` of its largest element.

    Raises
    ------
    NotDifferentiable : also where the loss has a kink within the step (two almost equal maxima, say; a kink at
        the very point does not show).
    """
    result = finite_difference(network, batch, parameter)
    if np.any(result.uncertainty > tolerance * np.abs(result.gradient).max(initial=0.0) + 1e-9):
        raise NotDifferentiable(f"{parameter}: differences with two steps disagree by {result.uncertainty.max():.1e}")
    return result.gradient


def _shifted_losses(
    network: Network, batch: Batch, parameter: str, elements: Array, shifts: Array, base: Array
) -> tuple[Array, Array]:
    """Batch-mean losses (E, 4) with each element shifted in turn; (E,) whether all had the base's events."""
    value = get_parameter(network, parameter)
    losses, same = np.empty(shifts.shape), np.empty(shifts.shape, dtype=bool)
    block = max(1, MAX_REPLICAS // (len(batch) * shifts.shape[1]))
    for begin in range(0, len(elements), block):
        part = slice(begin, begin + block)
        pairs = zip(np.repeat(elements[part], shifts.shape[1]), shifts[part].ravel(), strict=True)
        shifted = [with_parameter(network, parameter, _bumped(value, *pair)) for pair in pairs]
        record = simulate(shifted, batch)
        values = losses_and_logits(record, np.asarray(batch.labels))[0]
        losses[part] = values.reshape(-1, shifts.shape[1], len(batch)).mean(axis=2)
        same[part] = _same(_events(record), base, len(shifted)).reshape(-1, shifts.shape[1])
    return losses, same.all(axis=1)


def _bumped(value: Array, element: int, amount: float) -> Array:
    """A copy with one element, numbered in C order, increased."""
    changed = np.array(value)
    changed.flat[element] += amount
    return changed


def _events(record: Record) -> Array:
    """(S, R) what must not change for the loss to be smooth: what happens, in order.

    A loss read on a grid has a kink where an arrival passes an instant of the grid, so there also in which step.
    """
    step = record.network.loss.step
    if step is None:
        return record.event
    in_step = np.floor((record.start + record.length) / step).astype(int)
    return np.where(record.event < 0, -1, record.event + in_step * (record.num_sources + record.network.num_neurons))


def _same(events: Array, base: Array, num_networks: int) -> Array:
    """(P,) whether a network's replicas had the base's events; sequences are padded with -1."""
    length = max(len(events), len(base))
    padded, expected = (np.full((length, x.shape[1]), -1) for x in (events, base))
    padded[: len(events)], expected[: len(base)] = events, base
    return np.all(padded.reshape(length, num_networks, -1) == expected[:, None], axis=(0, 2))
