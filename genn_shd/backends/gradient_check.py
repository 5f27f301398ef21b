"""Compare the gradients of a model with central differences of its loss.

With the exact scheme the two agree to rounding, so this tests a network, a loss or a new definition. With the grid
scheme they do not agree, as the loss is a step function of all weights that change spike times.
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
"""Steps of the differences, for extrapolation."""
ROUNDINGS = 4.0
"""Differences that disagree by fewer roundings of the loss are not improved further."""
DOUBTS = 3.0
"""Allowed error of a gradient, as a multiple of the uncertainty of the differences."""


@dataclass(frozen=True)
class ParameterCheck:
    """The result of the comparison for one parameter.

    Attributes
    ----------
    name, size : name and number of entries of the parameter.
    checked : number of entries that were compared.
    kinks : number of entries left out, because a spike appeared or vanished within the difference, or a delay is at one
        of its limits.
    norm : Euclidean norm of the differences over the compared entries.
    error : norm of (gradient - differences).
    doubt : norm of the uncertainty of the differences: disagreement between steps of different sizes, and rounding.
    cosine : cosine of the angle between gradient and differences.
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
        """Error of the gradient divided by `norm`; infinite if the differences are 0 and the gradient is not."""
        return _divide(self.error, self.norm)

    @property
    def uncertainty(self) -> float:
        """Uncertainty of the differences divided by `norm`."""
        return _divide(self.doubt, self.norm)

    @property
    def tells(self) -> bool:
        """Whether the differences are above their uncertainty."""
        return self.checked > 0 and self.norm > self.doubt

    def is_right(self, tolerance: float) -> bool:
        """Whether the error is within a relative `tolerance`, or within the uncertainty of the differences."""
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
    """Compare the gradients of all parameters with extrapolated central differences of the loss.

    Parts of training that are not gradients of the loss (spike-count regularisation, noise, dropout) are switched off.

    Parameters
    ----------
    model : a model compiled in float64; in float32, differences are mostly rounding.
    batch : labelled samples, at most `model.batch_size`.
    entries : number of entries of each parameter to compare: half have the largest gradients, the others are drawn.
    seed : seed of the drawn entries.
    after_parameter : function that is called after each parameter.
    names : names of the parameters to compare; None for all.

    Returns
    -------
    One `ParameterCheck` for each of these parameters, in the order of the model.
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
    """List the active run-time values of regularisation, noise and dropout, which are not gradients of the loss."""
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
    """Compute central differences extrapolated to a step of zero, and the disagreement of the two best.

    The disagreement is at least the rounding of the loss, and infinite if a spike appeared or vanished at every step.

    The loss has a kink where a spike of a neuron passes an arrival at it. In a dense network, kinks are so close that a
    large step contains one, while a small step is dominated by rounding. So differences are computed for several steps,
    neighbouring ones are extrapolated (Richardson), and for each entry the one that agrees best with the next is used.
    Steps become smaller until the two agree to rounding, as an even smaller step would be less accurate.
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
    """Compute d(mean loss)/d(parameter) at flat `indices` of one parameter, and whether each is valid.

    It is valid if no spike count changed, and the parameter could be changed to both sides.
    """
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
