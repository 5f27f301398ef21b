"""Encode numbers as spikes: rate, latency, delta and population coding.

`SpikeTrains.from_rates`, `from_latencies`, `from_changes` and `from_population` make samples with these functions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError, SettingError
from ..system.numbers import check_positive, check_whole

MOST_SPIKES = 1e8
"""Largest number of spikes; a threshold in the wrong unit would fill the memory."""


class Encoded(NamedTuple):
    """Spikes of B samples, sorted by time within each.

    Attributes
    ----------
    times : (S,) float32, ms.
    units : (S,) int64.
    offsets : (B + 1,) int64; sample b is `times[offsets[b]:offsets[b + 1]]`.
    num_units : number of channels.
    """

    times: np.ndarray
    units: np.ndarray
    offsets: np.ndarray
    num_units: int


def encode_rates(values: ArrayLike, duration: float, max_rate: float = 100.0, seed: int = 0) -> Encoded:
    """Encode each value as the rate of a Poisson process.

    Parameters
    ----------
    values : shape (B, N), B samples of N values, from 0 to 1.
    duration : duration of each sample, ms.
    max_rate : rate of the value 1, spikes per second.
    seed : seed of the random numbers.

    Raises
    ------
    DataError, SettingError
        Values are outside 0 to 1 or of another shape, or a duration or rate is not positive.
    """
    values = _check_shares(values)
    check_positive("duration", duration)
    check_positive("max_rate", max_rate)
    rng = np.random.default_rng(seed)
    means = values * (max_rate * duration / 1000.0)
    if means.sum() > MOST_SPIKES:
        raise SettingError(f"max_rate = {max_rate:g} makes {means.sum():.3g} spikes, above {MOST_SPIKES:g}; lower it.")
    counts = rng.poisson(means)
    times = rng.uniform(0.0, duration, counts.sum())
    samples, units = (np.repeat(indices.ravel(), counts.ravel()) for indices in np.indices(values.shape))
    return _sort(times, units, samples, len(values), values.shape[1])


def encode_latencies(values: ArrayLike, duration: float, least: float = 0.0) -> Encoded:
    """Encode each value as the time of one spike: larger values spike earlier (time to first spike).

    A value x spikes at (1 - x) times `duration`, as in Kriener et al. 2022 (Yin-Yang).

    Parameters
    ----------
    values : (B, N), from 0 to 1.
    duration : latest possible time of a spike, ms.
    least : values less than or equal to this do not spike.

    Raises
    ------
    DataError, SettingError
        Values are outside 0 to 1 or of another shape, or the duration is not positive.
    """
    values = _check_shares(values)
    check_positive("duration", duration)
    samples, units = np.nonzero(values > least)
    times = duration * (1.0 - values[samples, units])
    return _sort(times, units, samples, len(values), values.shape[1])


def encode_changes(signals: ArrayLike, dt: float, threshold: float) -> Encoded:
    """Encode signals by their changes (delta modulation, send on delta).

    A signal spikes on its first channel when it has risen by `threshold` since its last spike, and on its second when
    it has fallen by `threshold`. It is interpolated linearly between its values, so spikes lie between multiples of dt.

    Parameters
    ----------
    signals : shape (B, T, N), the value of N signals at T times in B samples.
    dt : time between two values of a signal, ms.
    threshold : change that makes a spike, in the unit of the signals.

    Returns
    -------
    Encoded
        Spikes on 2 N channels: 2 n for a rise of signal n, 2 n + 1 for a fall.

    Raises
    ------
    DataError, SettingError
        Signals are not finite or of another shape, or the time step or threshold is not positive.
    """
    signals = _check_finite(signals, ("samples", "times", "signals"))
    check_positive("dt", dt)
    check_positive("threshold", threshold)
    expected = float(np.abs(np.diff(signals, axis=1)).sum()) / threshold
    if expected > MOST_SPIKES:
        raise SettingError(f"threshold = {threshold:g} makes {expected:.3g} spikes, above {MOST_SPIKES:g}; raise it.")
    found = [
        (times, np.full(len(times), 2 * n) + falls, np.full(len(times), b))
        for b in range(signals.shape[0])
        for n in range(signals.shape[2])
        for times, falls in [_find_crossings(signals[b, :, n], dt, threshold)]
    ]
    times, units, samples = (np.concatenate(parts) for parts in zip(*found, strict=True)) if found else _NOTHING
    return _sort(times, units, samples, signals.shape[0], 2 * signals.shape[2])


_NOTHING = (np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))


def _find_crossings(signal: np.ndarray, dt: float, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the times at which a signal (T,) has changed by the threshold since its last spike, and where it fell."""
    times: list[float] = []
    falls: list[bool] = []
    level = signal[0] if len(signal) else 0.0
    for step, (start, end) in enumerate(zip(signal[:-1].tolist(), signal[1:].tolist(), strict=True)):
        way = math.copysign(threshold, end - start)
        while (end - level) / way >= 1.0:
            level += way
            times.append(dt * (step + (level - start) / (end - start)))
            falls.append(way < 0)
    return np.array(times), np.array(falls, dtype=np.int64)


def encode_population(
    values: ArrayLike, duration: float, num_fields: int = 8, width: float = 1.5, least: float = 0.1
) -> Encoded:
    """Encode each value as the latencies of several channels with overlapping Gaussian receptive fields.

    Field k of `num_fields` has its centre at k / (num_fields - 1) and responds with
    exp(-(x - centre)^2 / (2 sigma^2)), sigma = 1 / (width (num_fields - 1)); a stronger response spikes earlier
    (Bohte, La Poutre & Kok, IEEE Trans. Neural Netw. 13, 426, 2002).

    Parameters
    ----------
    values : (B, N), from 0 to 1.
    duration : latest possible time of a spike, ms.
    num_fields : channels for each value, 2 or more.
    width : sharpness of the fields; a larger value makes them narrower.
    least : responses less than or equal to this do not spike.

    Returns
    -------
    Encoded
        Spikes on N * `num_fields` channels; those of one value follow one another.

    Raises
    ------
    DataError, SettingError
        Values are outside 0 to 1 or of another shape, there are fewer than two fields, or the duration or width is
        not positive.
    """
    values = _check_shares(values)
    check_positive("duration", duration)
    check_positive("width", width)
    check_whole("num_fields", num_fields, 2)
    centres = np.linspace(0.0, 1.0, num_fields)
    distance = (values[:, :, None] - centres) * (width * (num_fields - 1))
    responses = np.exp(-np.square(distance) / 2.0)
    return encode_latencies(responses.reshape(len(values), -1), duration, least)


def _sort(times: np.ndarray, units: np.ndarray, samples: np.ndarray, num_samples: int, num_units: int) -> Encoded:
    """Sort spikes by sample, then time, then unit."""
    times = times.astype(np.float32)
    order = np.lexsort((units, times, samples))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(samples, minlength=num_samples))]).astype(np.int64)
    return Encoded(times[order], units[order].astype(np.int64), offsets, max(1, num_units))


def _check_shares(values: ArrayLike) -> np.ndarray:
    array = _check_finite(values, ("samples", "values"))
    if array.size and not (array.min() >= 0.0 and array.max() <= 1.0):
        raise DataError(
            f"values to encode run from {array.min():g} to {array.max():g}; they must be from 0 to 1: scale them first."
        )
    return array


def _check_finite(values: ArrayLike, axes: tuple[str, ...]) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("values to encode must be numbers, in an array.") from None
    if array.ndim != len(axes):
        raise DataError(f"values to encode have shape {array.shape}; the axes must be {', '.join(axes)}.")
    if not np.isfinite(array).all():
        raise DataError("values to encode are not all finite; remove these samples, or replace the values.")
    return array
