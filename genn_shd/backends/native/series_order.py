"""Number of terms of the series that a population's trained parameters need, for its time constants and the step."""

from __future__ import annotations

import numpy as np

from ...errors import SettingError
from ...eventprop.program import PopulationProgram, Values

MAX_TERMS = 40


def choose_series_order(population: PopulationProgram, values: Values, dt: float, rounding: float) -> int:
    """Terms of the exponential's series over a step, down to `rounding`.

    Raises
    ------
    SettingError
        Where a step is too long for the shortest time constant.
    """
    assert population.trained is not None and population.trained.sensitivity is not None
    terms = _count_terms(_find_fastest_rate(population, values) * dt, rounding)
    if population.series:
        # As many as there are powers of time in what does not leak.
        terms = max(terms, 2 * len(population.state))
    if terms > MAX_TERMS:
        raise _explain_too_coarse(population, values, dt)
    return terms


def _find_fastest_rate(population: PopulationProgram, values: Values) -> float:
    """The largest rate, 1/ms; of an oscillation in radians."""
    assert population.trained is not None and population.trained.sensitivity is not None
    matrix = population.trained.sensitivity.matrix
    if population.series:
        return _bound_eigenvalues(population, values)
    return max(float(np.abs(values[name]).max()) for (a, b), name in matrix.items() if a == b)


def _bound_eigenvalues(population: PopulationProgram, values: Values) -> float:
    """The largest eigenvalue of the state's own part of the matrix; that of its derivatives repeats it."""
    assert population.trained is not None and population.trained.sensitivity is not None
    index = {x: i for i, x in enumerate(population.state)}
    matrix = np.zeros((population.size, len(index), len(index)))
    for (a, b), name in population.trained.sensitivity.matrix.items():
        if a in index and b in index:
            matrix[:, index[a], index[b]] = values[name]
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def _count_terms(exponent: float, rounding: float) -> int:
    """Terms of exp's series that are above rounding; MAX_TERMS + 1 where they are more."""
    size, k = 1.0, 0
    while size > rounding and k <= MAX_TERMS:
        k += 1
        size *= exponent / k
    return k


def _explain_too_coarse(population: PopulationProgram, values: Values, dt: float) -> SettingError:
    shortest = 1.0 / _find_fastest_rate(population, values)
    return SettingError(
        f"dt = {dt:g} ms is too long a step to train parameters of {population.name!r}, whose shortest time constant "
        f"is {shortest:.3g} ms; take a shorter step, or a longer time constant."
    )
