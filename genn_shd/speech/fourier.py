"""The plan of an inverse discrete Fourier transform of many channels side by side, which generated code follows.

A transform of n points is made of n1 transforms of n2 points and n2 of n1 (Cooley & Tukey 1965, Math. Comput. 19, 297),
as both fit into the processor's cache when all n points of a few channels do not.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

RADICES = (4, 2, 3, 5, 7, 11, 13)
"""Factors of lengths for which there is code; an odd one costs as many operations as its square."""


@dataclass(frozen=True)
class Plan:
    """How a transform of `lengths[0] * lengths[1]` points is computed.

    Attributes
    ----------
    lengths : n1 and n2.
    radices : (2, 32) int32, the factors of both, followed by zeros.
    roots : exp(2 pi i k / n) for k < n, (n, 2) float64: real and imaginary part.
    """

    lengths: tuple[int, int]
    radices: np.ndarray
    roots: np.ndarray


@functools.lru_cache(maxsize=8)
def plan(length: int) -> Plan | None:
    """Plan a transform; None where the length has factors for which there is no code."""
    factors = _factorise(length)
    if factors is None:
        return None
    first = _split(length, factors)
    radices = np.zeros((2, 32), np.int32)
    for row, part in zip(radices, (first, length // first), strict=True):
        chosen = _factorise(part) or []
        row[: len(chosen)] = chosen
    angles = 2.0 * np.pi / length * np.arange(length)
    return Plan((first, length // first), radices, np.stack([np.cos(angles), np.sin(angles)], axis=1))


def cosine(turns: int, parts: int) -> str:
    """Write cos(2 pi turns / parts) as a C constant."""
    return repr(math.cos(2.0 * math.pi * turns / parts))


def sine(turns: int, parts: int) -> str:
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
    """Choose the divisor nearest to the square root."""
    divisors = {1}
    for factor in factors:
        divisors |= {d * factor for d in divisors}
    return min(divisors, key=lambda d: (abs(math.log(d * d / length)), d))
