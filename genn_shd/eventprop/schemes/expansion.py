"""Effects of an arrival as sums of products of functions of its time and numbers of the neuron.

The effect f(d, j) at the end of a step of a spike that arrives d ms after its start differs between neurons j. As it
is a smooth function of d, a few terms

    f(d, j) = sum over k: phi_k(d) c_k(j)

equal it to rounding: as many as there are singular values above rounding (Eckart & Young, Psychometrika 1, 211, 1936).
Neurons with the same two time constants need 2, time constants between 2 and 60 ms need 4 in float32 for steps of
1 ms, 8 for 10 ms. So synapses need no exponentials. Each phi_k is a Chebyshev series.

Rounding refers to the largest effect. For a short step and a slow membrane, the effect on the voltage is much smaller,
but gradients depend on its derivative by d. So the few terms that one pass over synapses computes in any case are
kept, unless they are zero to the rounding of float64.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

from ...errors import SettingError

# Rounding errors of a few operations on numbers of order 1; in float64 those of the singular value decomposition.
TOLERANCE = {"float32": 4 * 2.0**-23, "float64": 2.0**-43}
# Truncation error of a series: less than rounding, as derivatives of the series are used as well.
TRUNCATION = {"float32": 1e-10, "float64": 1e-17}
FEW = 4  # terms that one pass over synapses computes
USUAL_ORDERS = (6, 8)  # of series: few, so that code can be written for each
LONGEST = 1000.0  # largest allowed step, in shortest time constants; longer steps would need very long series


@dataclass(frozen=True)
class Separated:
    """The terms of an effect over 0 <= d <= h.

    Attributes
    ----------
    times : (terms, order) Chebyshev series of phi_k in 2 d / h - 1.
    derivatives : (terms, order) those of its derivative by d, 1/ms.
    factors : (terms, ...) c_k.
    """

    times: np.ndarray
    derivatives: np.ndarray
    factors: np.ndarray


def separate(effect: Callable[[np.ndarray], np.ndarray], span: float, fastest: float, precision: str) -> Separated:
    """Find the smallest number of terms that give an effect to the rounding of a precision.

    Parameters
    ----------
    effect : times d (M,) -> values (..., M), combinations of exponentials in d.
    span : h, ms.
    fastest : the largest rate among the exponentials, 1/ms.

    Raises
    ------
    SettingError
        The step is too long for this rate.
    """
    if not fastest * span <= LONGEST:
        raise SettingError(
            f"dt = {span:g} ms is more than {LONGEST:g} times the shortest time constant, {1 / fastest:.3g} ms; use a "
            "shorter step, or a longer time constant."
        )
    order = _choose_order(0.5 * fastest * span, TRUNCATION[precision])
    values = effect(_compute_times(order, span))
    shares, functions = _factorise_rows(values.reshape(-1, order), precision, FEW)
    series = _compute_series(functions)
    slopes = chebyshev.chebder(series, scl=2.0 / span, axis=1)
    factors = shares.T.reshape(-1, *values.shape[:-1])
    return Separated(series, np.pad(slopes, ((0, 0), (0, 1))), factors)


def extend(
    terms: Separated, effect: Callable[[np.ndarray], np.ndarray], span: float, precision: str
) -> tuple[np.ndarray, np.ndarray]:
    """Express further effects by the same terms and the smallest number of additional ones.

    Parameters
    ----------
    effect : times d (M,) -> values (effects, N, M), combinations of the same exponentials and powers of d. Each effect
        is accurate to the rounding of its own largest value.
    span : h, ms.

    Returns
    -------
    times : (more terms, order) series of phi_k, those of `terms` first.
    factors : (more terms, effects, N) c_k.
    """
    order = terms.times.shape[1]
    values = effect(_compute_times(order, span))
    largest = np.abs(values).max(axis=(1, 2))
    scale = np.where(largest > 0, largest, 1.0)
    rows = (values / scale[:, None, None]).reshape(-1, order)
    known = chebyshev.chebval(_compute_nodes(order), terms.times.T)
    shares = rows @ known.T / order  # rows of `known` are orthogonal, of length sqrt(order)
    more, functions = _factorise_rows(rows - shares @ known, precision, 0)
    factors = np.concatenate([shares, more], axis=1).T.reshape(-1, *values.shape[:-1]) * scale[:, None]
    return np.concatenate([terms.times, _compute_series(functions)]), factors


@functools.lru_cache(maxsize=256)
def _compute_nodes(order: int) -> np.ndarray:
    """Compute the zeros of the Chebyshev polynomial of an order, at which values determine a series."""
    return np.cos(np.pi * (np.arange(order) + 0.5) / order)


@functools.lru_cache(maxsize=256)
def _compute_polynomials(order: int) -> np.ndarray:
    """Compute the Chebyshev polynomials below an order at its nodes, (nodes, polynomials)."""
    return chebyshev.chebvander(_compute_nodes(order), order - 1)


def _compute_times(order: int, span: float) -> np.ndarray:
    return 0.5 * span * (1.0 + _compute_nodes(order))


def _factorise_rows(rows: np.ndarray, precision: str, few: int) -> tuple[np.ndarray, np.ndarray]:
    """Factorise `rows` into the smallest number of products, (rows, terms) and (terms, order), equal to rounding.

    Up to `few` products are used to reach the rounding of float64.
    """
    order = rows.shape[1]
    left, sizes, right = np.linalg.svd(rows, full_matrices=False)
    terms = _count_terms(rows, left * sizes, right, TOLERANCE[precision])
    if terms < few:
        terms = min(few, _count_terms(rows, left * sizes, right, TOLERANCE["float64"]))
    return left[:, :terms] * sizes[:terms] / np.sqrt(order), right[:terms] * np.sqrt(order)


def _compute_series(functions: np.ndarray) -> np.ndarray:
    """Compute the (terms, order) Chebyshev series of functions from their values at the nodes."""
    order = functions.shape[1]
    series = 2.0 / order * functions @ _compute_polynomials(order)
    series[:, 0] *= 0.5
    return series


def _choose_order(argument: float, truncation: float) -> int:
    """Choose the number of polynomials in a series of exp(argument x), |x| <= 1, for a truncation error.

    The coefficients are below 2 (argument / 2)^n / n! (Trefethen, Approximation Theory and Approximation Practice,
    chapter 8).
    """
    order, bound = 0, 2.0
    while bound > truncation or order < argument + 3:
        order += 1
        bound *= 0.5 * argument / order
    return next((usual for usual in USUAL_ORDERS if order <= usual), order)


def _count_terms(rows: np.ndarray, left: np.ndarray, right: np.ndarray, tolerance: float) -> int:
    """Count the products that leave no error above the tolerance."""
    for terms in range(len(right)):
        if np.abs(rows - left[:, :terms] @ right[:terms]).max() <= tolerance:
            return terms
    return len(right)
