"""A leaky neuron with an exponential synapse between two events, in closed form.

With a = 1 / tau_mem and b = 1 / tau_syn:

    V' = a (I - V)      I' = -b I

All functions broadcast.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def psp(s: Array, a: Array, b: Array) -> Array:
    """V(s) after a unit current at s = 0: a (e^(-a s) - e^(-b s)) / (b - a), also where a = b."""
    return _psp(s, a, b, np.exp(-np.minimum(a, b) * s))


def _psp(s: Array, a: Array, b: Array, slower: Array) -> Array:
    """The same, given the slower one of the two exponentials."""
    z = np.asarray(np.abs(b - a) * s)
    ratio = np.divide(-np.expm1(-z), z, out=np.ones_like(z), where=z > 0.0)
    return a * s * slower * ratio


def advance(v: Array, i: Array, s: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """(V, I) a time s later."""
    of_v, of_i = np.exp(-a * s), np.exp(-b * s)
    return v * of_v + i * _psp(s, a, b, np.maximum(of_v, of_i)), i * of_i


def peak_offset(v: Array, i: Array, a: Array, b: Array) -> Array:
    """When a V that rises now (I > V) has its maximum; inf where V falls now or rises for ever.

    V' = 0 at e^((b-a) s) = b I / (a I + (b-a) V). V is a sum of two exponentials, so there is no other
    extremum; a V that falls now can afterwards only rise towards 0, never to a positive threshold.
    """
    d = b - a
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (i - v) / (a * i + d * v)
        offset = np.where(d == 0.0, x, np.log1p(d * x) / d)
    return np.where((i > v) & (offset > 0.0), offset, np.inf)


def first_crossing(v: Array, i: Array, theta: Array, limit: Array, a: Array, b: Array) -> Array:
    """First offset in [0, limit] with V = theta, inf if there is none; V < theta at 0, but for rounding."""
    arrays = np.broadcast_arrays(v, i, theta, limit, a, b)
    crossing = np.where(arrays[0] >= arrays[2], 0.0, np.inf)
    rising = np.nonzero((i > v) & (v < theta) & (theta < np.inf))
    v, i, theta, limit, a, b = (x[rising] for x in arrays)
    # Up to `last` V only rises, so its value there decides, whatever V does between it and the limit.
    last = np.minimum(peak_offset(v, i, a, b), limit)
    reaches = advance(v, i, last, a, b)[0] >= theta
    offset = np.full(v.shape, np.inf)
    if reaches.any():
        offset[reaches] = _rising_root(*(x[reaches] for x in (v, i, theta, last, a, b)))
    crossing[rising] = offset
    return crossing


def _rising_root(v: Array, i: Array, theta: Array, high: Array, a: Array, b: Array) -> Array:
    """Root of V(s) = theta in [0, high], where V rises: Newton's steps, or bisection outside the bracket."""
    low, high, s = np.zeros_like(high), high.copy(), 0.5 * high
    for _ in range(200):
        v_s, i_s = advance(v, i, s, a, b)
        below = v_s < theta
        low, high = np.where(below, s, low), np.where(below, high, s)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = s - (v_s - theta) / (a * (i_s - v_s))
        following = np.where((newton >= low) & (newton <= high), newton, 0.5 * (low + high))
        if np.all(np.abs(following - s) <= 1e-13 * (1.0 + s)):
            break
        s = following
    return following
