"""Comparing a model's gradients with central differences of its own loss.

Under the exact scheme the two agree to rounding, so this proves a network, a loss or a new definition. On the grid
they do not: there the loss is piecewise constant in all weights that move spikes.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._moved import old_method
from ..network.network import NOISE_AND_DROPOUT
from ..spikes.spike_trains import SpikeTrains
from .base import Model
from .results import BatchResult

STEPS = tuple(1e-4 / 4**k for k in range(7))
"""Changes of a parameter to either side, for extrapolation."""
ROUNDINGS = 4.0
"""Differences that disagree by so many roundings of the loss are as good as they get."""
DOUBTS = 3.0
"""A gradient may be off by so many times what the differences are uncertain by."""


@dataclass(frozen=True)
class ParameterCheck:
    """The result of the comparison for one parameter.

    Attributes
    ----------
    name, size : of the parameter.
    checked : entries compared.
    kinks : entries left out, as a spike appeared or vanished between the two sides of the difference, or a delay is at
        one of its limits.
    norm : Euclidean norm of the differences over the entries compared.
    error : norm of (gradient - differences).
    doubt : norm of the differences' uncertainty: disagreement of steps of different sizes, and rounding.
    cosine : of the angle between the two.
    """

    name: str
    size: int
    checked: int
    kinks: int
    norm: float
    error: float
    doubt: float
    cosine: float

    @property
    def relative_error(self) -> float:
        """Error of the gradient divided by `norm`; infinite where the differences are 0 and the gradient is not."""
        return _divide(self.error, self.norm)

    @property
    def uncertainty(self) -> float:
        """Uncertainty of the differences divided by `norm`."""
        return _divide(self.doubt, self.norm)

    @property
    def tells(self) -> bool:
        """Whether the differences stand out from their own uncertainty."""
        return self.checked > 0 and self.norm > self.doubt

    def is_right(self, tolerance: float) -> bool:
        """Whether the gradient is right to a relative `tolerance`, or to what the differences can tell."""
        return self.error <= max(tolerance * self.norm, DOUBTS * self.doubt)

    agrees = old_method("agrees", "is_right")


def check_gradients(
    model: Model,
    batch: SpikeTrains,
    entries: int = 30,
    seed: int = 0,
    after_parameter: Callable[[], None] = lambda: None,
    names: Container[str] | None = None,
) -> list[ParameterCheck]:
    """Compare the gradients of every parameter with extrapolated differences of the loss.

    What adds to training but is no gradient of the loss (pulls on spike counts, noise, lost spikes) is off meanwhile.

    Parameters
    ----------
    model : compiled in float64; in float32 differences are mostly rounding.
    batch : labelled samples, at most `model.batch_size`.
    entries : how many entries of each parameter to compare: half are those of largest gradient, the rest are drawn.
    seed : of the drawing.
    after_parameter : called after each parameter.
    names : of the parameters to compare; None for all.

    Returns
    -------
    One `ParameterCheck` for each of these parameters, in the model's order.
    """
    checks = []
    with _switch_off(model):
        result = model.gradient(batch)
        for name, gradient in result.gradients.items():
            if names is not None and name not in names:
                continue
            indices = _choose(gradient, entries, np.random.default_rng(seed))
            slopes, uncertainty = compute_extrapolated_differences(model, batch, name, indices)
            checks.append(_compare(name, gradient, indices, slopes, uncertainty))
            after_parameter()
    return checks


def list_non_gradients(model: Model) -> dict[str, Any]:
    """Run-time values that add to training what is no gradient of the loss: pulls on spike counts, noise, dropout."""
    return {
        name: value
        for name, value in model.values.items()
        if np.ndim(value) == 0 and value != 0 and _is_non_gradient(name)
    }


def _is_non_gradient(name: str) -> bool:
    section, last = name.split(".")[0], name.split(".")[-1]
    return last.startswith("strength_") if section == "regularisation" else last in NOISE_AND_DROPOUT


@contextmanager
def _switch_off(model: Model) -> Iterator[None]:
    before = list_non_gradients(model)
    try:
        for name in before:
            model.set_value(name, 0.0)
        yield
    finally:
        for name, value in before.items():
            model.set_value(name, value)


def compute_extrapolated_differences(
    model: Model, batch: SpikeTrains, name: str, indices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Central differences extrapolated to a step of zero, and how far the best two of them disagree: at least by the
    rounding of the loss.

    The disagreement is infinite where a spike appeared or vanished at every step tried.

    A loss has a kink wherever a spike of a neuron passes an arrival at it, and in a dense network such a kink is never
    far: a large step runs into it, and a small one into rounding. So differences are taken at several steps, those
    of neighbouring steps extrapolated (Richardson), and for each entry the one kept that agrees best with the next.
    Steps get smaller until the two disagree by no more than rounding, which a smaller step would only make worse.
    """
    roundings = np.finfo(np.float64).eps * abs(model.evaluate_batch(batch).loss) / np.array(STEPS)
    slopes, smooth = np.zeros((len(STEPS), len(indices))), np.zeros((len(STEPS), len(indices)), bool)
    extrapolated, disagreement, rounding = np.zeros(len(indices)), np.full(len(indices), np.inf), np.zeros(len(indices))
    ratio = (STEPS[0] / STEPS[1]) ** 2
    left = np.arange(len(indices))
    for level, step in enumerate(STEPS):
        slopes[level, left], smooth[level, left] = compute_central_differences(model, batch, name, indices[left], step)
        if level < 2:
            continue
        last = slice(level - 2, level + 1)
        coarse, fine = (ratio * slopes[last, left][1:] - slopes[last, left][:-1]) / (ratio - 1)
        between = np.where(smooth[last, left].all(axis=0), np.abs(fine - coarse), np.inf)
        better = between < disagreement[left]
        extrapolated[left[better]], disagreement[left[better]] = fine[better], between[better]
        rounding[left[better]] = roundings[level]
        left = left[disagreement[left] > ROUNDINGS * roundings[level]]
        if not left.size:
            break
    return extrapolated, np.maximum(disagreement, rounding)


def compute_central_differences(
    model: Model, batch: SpikeTrains, name: str, indices: np.ndarray, step: float = 1e-6
) -> tuple[np.ndarray, np.ndarray]:
    """d(mean loss)/d(parameter) at flat `indices` of one parameter, and whether there is one: all spike counts stayed
    the same, and the parameter may move to both sides."""
    start = model.parameters[name]
    low, high = model.network.list_delay_limits(model.dt).get(name, (-np.inf, np.inf))

    def move(index: int, change: float) -> BatchResult:
        moved = start.copy()
        moved.flat[index] += change
        model.set_parameters({name: moved})
        return model.evaluate_batch(batch)

    slopes, smooth = np.zeros(len(indices)), np.zeros(len(indices), bool)
    try:
        for k, index in enumerate(indices):
            if not low + step <= start.flat[index] <= high - step:
                continue
            above, below = move(index, step), move(index, -step)
            slopes[k] = (above.loss - below.loss) / (2 * step)
            smooth[k] = all(np.array_equal(above.spike_counts[p], below.spike_counts[p]) for p in above.spike_counts)
    finally:
        model.set_parameters({name: start})
    return slopes, smooth


def _choose(gradient: np.ndarray, entries: int, rng: np.random.Generator) -> np.ndarray:
    if entries >= gradient.size:
        return np.arange(gradient.size)
    largest = np.argsort(-np.abs(gradient.ravel()), kind="stable")[: entries // 2]
    others = rng.permutation(np.setdiff1d(np.arange(gradient.size), largest))[: entries - len(largest)]
    return np.concatenate([largest, others])


def _compare(
    name: str, gradient: np.ndarray, indices: np.ndarray, slopes: np.ndarray, uncertainty: np.ndarray
) -> ParameterCheck:
    smooth = np.isfinite(uncertainty)
    analytic, slopes = gradient.ravel()[indices[smooth]].astype(np.float64), slopes[smooth]
    norm = float(np.linalg.norm(slopes))
    lengths = norm * float(np.linalg.norm(analytic))
    return ParameterCheck(
        name=name,
        size=gradient.size,
        checked=int(smooth.sum()),
        kinks=int((~smooth).sum()),
        norm=norm,
        error=float(np.linalg.norm(analytic - slopes)),
        doubt=float(np.linalg.norm(uncertainty[smooth])),
        cosine=float(analytic @ slopes) / lengths if lengths > 0 else float("nan"),
    )


def _divide(part: float, whole: float) -> float:
    return part / whole if whole > 0 else (0.0 if part == 0 else float("inf"))
