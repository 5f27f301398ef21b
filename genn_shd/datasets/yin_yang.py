"""The Yin-Yang data set: points in a yin-yang sign, classified by their position, generated from a seed.

Kriener, Göltz & Petrovici 2022, "The Yin-Yang Dataset" (NICE 2022, arXiv 2102.08211): a sign of radius 0.5
around (0.5, 0.5) with eyes of radius 0.1; the three classes are equally likely, points uniform in each.

Spikes as Wunderlich & Pehle 2021 encode them (Sci. Rep. 11, 12829, figure 3): five channels with one spike each,
at t_min + v (t_max - t_min) for v of x, y, 1 - x, 1 - y, and the fifth, the bias, at t_bias.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from ..errors import SettingError
from ..spikes.spike_trains import UNKNOWN, SpikeTrains
from ..system.described import described
from .base import Dataset

CLASS_NAMES = ("yin", "yang", "dot")
NUM_UNITS = 5
RADIUS = 0.5
EYE_RADIUS = 0.1

_SETTLING = 20.0  # ms after the last possible spike, for the response: four synaptic time constants of 5 ms
_DRAWS = 8  # points drawn for each one still needed; the eyes take 6 % of the square, the other classes 36 %


def load(
    num_train: Annotated[int, described("number of training samples", ge=1, le=10_000_000)] = 5000,
    num_validation: Annotated[int, described("number of validation samples", ge=1, le=10_000_000)] = 1000,
    num_test: Annotated[int, described("number of test samples", ge=1, le=10_000_000)] = 1000,
    seed: Annotated[int, described("seed of the random points", ge=0)] = 0,
    t_min: Annotated[float, described("time of the spike for a coordinate of 0", "ms", ge=0)] = 10.0,
    t_max: Annotated[float, described("time of the spike for a coordinate of 1", "ms", gt=0)] = 40.0,
    t_bias: Annotated[float, described("time of the bias spike", "ms", ge=0)] = 20.0,
) -> Dataset:
    """Generate the Yin-Yang data set (Kriener et al. 2022) from a seed; the same settings give the same points.

    Parameters
    ----------
    num_train, num_validation, num_test : sizes of the parts; the defaults are those of the publication.
    seed : seed of all parts; the points of a part do not depend on the sizes of other parts.
    t_min, t_max : times of the spikes for coordinates of 0 and of 1, ms.
    t_bias : time of the bias spike, ms.

    Raises
    ------
    SettingError
        A size is below 1, the seed or a time is negative, or `t_max` is not above `t_min`.
    """
    sizes = {"num_train": num_train, "num_validation": num_validation, "num_test": num_test}
    for name, size in sizes.items():
        if size < 1:
            raise SettingError(f"{name} = {size!r} must be 1 or more samples.")
    if seed < 0:
        raise SettingError(f"seed = {seed!r} must be 0 or more.")
    _check_times(t_min, t_max, t_bias)
    train, validation, test = (
        _encode(*_draw_points(np.random.default_rng(stream), size), t_min, t_max, t_bias)
        for stream, size in zip(np.random.SeedSequence(seed).spawn(len(sizes)), sizes.values(), strict=True)
    )
    duration = max(t_max, t_bias) + _SETTLING
    return Dataset("yin_yang", train, validation, test, CLASS_NAMES, (), duration)


def classify(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the class of each point of the sign, (N,) int, numbered as in the code of Kriener et al.

    Parameters
    ----------
    x, y : (N,) coordinates, 0 to 1.
    """
    right = np.hypot(x - 1.5 * RADIUS, y - RADIUS)
    left = np.hypot(x - 0.5 * RADIUS, y - RADIUS)
    is_eye = (right < EYE_RADIUS) | (left < EYE_RADIUS)
    in_left_bulge = (left > EYE_RADIUS) & (left <= 0.5 * RADIUS)
    in_upper_half = (y > RADIUS) & (right > 0.5 * RADIUS)
    return np.where(is_eye, 2, np.where(in_left_bulge | in_upper_half | (right <= EYE_RADIUS), 1, 0))


def _draw_points(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw coordinates x, y (size,) and classes (size,): first the classes, then a point in each."""
    labels = rng.integers(len(CLASS_NAMES), size=size)
    points = np.empty((size, 2))
    for label in range(len(CLASS_NAMES)):
        wanted = np.flatnonzero(labels == label)
        points[wanted] = _draw_points_in(rng, label, len(wanted))
    return points[:, 0], points[:, 1], labels


def _draw_points_in(rng: np.random.Generator, label: int, size: int) -> np.ndarray:
    """Draw points (size, 2) uniform in one class, by rejection."""
    found = np.empty((0, 2))
    while len(found) < size:
        drawn = rng.random((_DRAWS * (size - len(found)), 2)) * 2 * RADIUS
        x, y = drawn.T
        accepted = (np.hypot(x - RADIUS, y - RADIUS) <= RADIUS) & (classify(x, y) == label)
        found = np.concatenate([found, drawn[accepted]])
    return found[:size]


def _encode(x: np.ndarray, y: np.ndarray, labels: np.ndarray, t_min: float, t_max: float, t_bias: float) -> SpikeTrains:
    values = np.stack([x, y, 1 - x, 1 - y], axis=1)
    bias = np.full((len(x), 1), t_bias)
    times = np.concatenate([t_min + values * (t_max - t_min), bias], axis=1).astype(np.float32)
    units = np.argsort(times, axis=1, kind="stable")
    return SpikeTrains(
        times=np.take_along_axis(times, units, axis=1).ravel(),
        units=units.ravel(),
        offsets=np.arange(len(x) + 1) * NUM_UNITS,
        labels=labels,
        speakers=np.full(len(x), UNKNOWN),
        num_units=NUM_UNITS,
    )


def _check_times(t_min: float, t_max: float, t_bias: float) -> None:
    for name, value in (("t_min", t_min), ("t_max", t_max), ("t_bias", t_bias)):
        if not (math.isfinite(value) and value >= 0):
            raise SettingError(f"{name} = {value!r} must be 0 ms or more.")
    if t_max <= t_min:
        raise SettingError(f"t_max = {t_max!r} must be above t_min = {t_min!r}.")
