"""Number of terms of the series for trained parameters of a population, by time constants and time step."""

from __future__ import annotations

import numpy as np

from ...errors import SettingError
from ...eventprop.program import PopulationProgram, Values

MAX_TERMS = 40


def choose_series_order(population: PopulationProgram, values: Values, dt: float, rounding: float) -> int:
    """Choose the number of terms of the series of the exponential over a step, for errors below `rounding`.

    Raises
    ------
    SettingError
        The time step is too long for the shortest time constant.
    """
    assert population.trained is not None and population.trained.sensitivity is not None
    terms = _count_terms(_find_fastest_rate(population, values) * dt, rounding)
    if population.series:
        # States without leak are polynomials in time of this degree.
        terms = max(terms, 2 * len(population.state))
    if terms > MAX_TERMS:
        raise _explain_too_coarse(population, values, dt)
    return terms


def _find_fastest_rate(population: PopulationProgram, values: Values) -> float:
    """Find the largest rate, 1/ms; that of an oscillation in radians per ms."""
    assert population.trained is not None and population.trained.sensitivity is not None
    matrix = population.trained.sensitivity.matrix
    if population.series:
        return _bound_eigenvalues(population, values)
    return max(float(np.abs(values[name]).max()) for (a, b), name in matrix.items() if a == b)


def _bound_eigenvalues(population: PopulationProgram, values: Values) -> float:
    """Compute the largest absolute eigenvalue of the matrix of the state; that of its derivatives is the same."""
    assert population.trained is not None and population.trained.sensitivity is not None
    index = {x: i for i, x in enumerate(population.state)}
    matrix = np.zeros((population.size, len(index), len(index)))
    for (a, b), name in population.trained.sensitivity.matrix.items():
        if a in index and b in index:
            matrix[:, index[a], index[b]] = values[name]
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def _count_terms(exponent: float, rounding: float) -> int:
    """Count the terms of the series of exp that are above rounding, at most MAX_TERMS + 1."""
    size, k = 1.0, 0
    while size > rounding and k <= MAX_TERMS:
        k += 1
        size *= exponent / k
    return k


def _explain_too_coarse(population: PopulationProgram, values: Values, dt: float) -> SettingError:
    shortest = 1.0 / _find_fastest_rate(population, values)
    return SettingError(
        f"dt = {dt:g} ms is too long a step to train parameters of {population.name!r}, whose shortest time constant "
        f"is {shortest:.3g} ms; use a shorter step, or a longer time constant."
    )
