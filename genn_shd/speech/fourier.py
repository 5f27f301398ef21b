"""Plan the inverse discrete Fourier transform of many channels together; generated code follows the plan.

The result is real, so that a transform of n points becomes one of h = n / 2 complex points, whose real parts are the
points at even times. It consists of n1 transforms of n2 points and n2 of n1 points, n1 n2 = h (Cooley & Tukey 1965,
Math. Comput. 19, 297), which fit into the first-level cache when all points of a few channels do not.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

RADICES = (4, 2, 3, 5, 7, 11, 13)
"""Factors of lengths for which there is code; an odd factor costs operations in proportion to its square."""


@dataclass(frozen=True)
class Plan:
    """Plan of a transform to n = 2 `lengths[0] * lengths[1]` real points.

    Attributes
    ----------
    lengths : n1 and n2.
    radices : (2, 32) int32, the factors of both, followed by zeros.
    roots : exp(2 pi i k / h) for k < h, (h, 2) float64: real and imaginary part.
    turns : exp(2 pi i k / n) for k <= h / 2, in the same way.
    """

    lengths: tuple[int, int]
    radices: np.ndarray
    roots: np.ndarray
    turns: np.ndarray


@functools.lru_cache(maxsize=8)
def plan_transform(length: int) -> Plan | None:
    """Plan a transform to `length` real points; None if there is no code for it, as for odd lengths."""
    half = length // 2
    factors = _factorise(half)
    if length % 2 or factors is None or len(factors) < 2:
        return None
    first = _split(half, factors)
    radices = np.zeros((2, 32), np.int32)
    for row, part in zip(radices, (first, half // first), strict=True):
        chosen = _factorise(part) or []
        row[: len(chosen)] = chosen
    return Plan(
        (first, half // first), radices, _turn(np.arange(half) / half), _turn(np.arange(half // 2 + 1) / length)
    )


def _turn(turns: np.ndarray) -> np.ndarray:
    """Return exp(2 pi i turns), (N, 2): real and imaginary part."""
    return np.stack([np.cos(2.0 * np.pi * turns), np.sin(2.0 * np.pi * turns)], axis=1)


def write_cosine(turns: int, parts: int) -> str:
    """Write cos(2 pi turns / parts) as a C constant."""
    return repr(math.cos(2.0 * math.pi * turns / parts))


def write_sine(turns: int, parts: int) -> str:
    """Write sin(2 pi turns / parts) as a C constant."""
    return repr(math.sin(2.0 * math.pi * turns / parts))


def _factorise(length: int) -> list[int] | None:
    factors = []
    for radix in RADICES:
        while length % radix == 0:
            factors.append(radix)
            length //= radix
    return factors if length == 1 else None


def _split(length: int, factors: list[int]) -> int:
    """Choose the divisor nearest to the square root; of two equally near, the smaller."""
    divisors = {1}
    for factor in factors:
        divisors |= {d * factor for d in divisors}
    return min(divisors, key=lambda d: (abs(math.log(d * d / length)), d))
