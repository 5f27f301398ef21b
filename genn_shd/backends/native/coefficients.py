"""Values of neurons that the library reads: run-time values, and coefficients computed from them."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from ...eventprop.program import PopulationProgram, Program, Values
from ...eventprop.schemes.expansion import USUAL_ORDERS
from ..run_values import RunValues
from .layout import DTYPES, Layout, make_aligned_zeros, pad_size
from .series_order import choose_series_order
from .structures import Powers, Terms


class Coefficients:
    """Arrays of values of all neurons, updated for one population at a time.

    Parameters
    ----------
    program, layout, precision : those of the compiled library.
    dt : time step, ms.
    """

    def __init__(self, program: Program, layout: Layout, precision: str, dt: float) -> None:
        self._program, self._layout, self._precision, self._dt = program, layout, precision, dt
        self._dtype = DTYPES[precision]
        count = len(program.populations)
        self._homogeneous = np.ones(count, np.int32)
        self._series_orders = np.zeros(count, np.int32)
        self._values = make_aligned_zeros(layout.num_values, self._dtype)
        self._terms = (Terms * count)()
        self._powers = (Powers * count)()
        self._term_arrays: dict[str, tuple[np.ndarray, ...]] = {}
        self._power_arrays: dict[str, np.ndarray] = {}
        self._followed: dict[str, dict[str, np.ndarray]] = {}

    @property
    def members(self) -> dict[str, Any]:
        """Members of `Batch` that point to them."""
        return {
            "values": self._values,
            "series_orders": self._series_orders,
            "terms": ctypes.addressof(self._terms),
            "powers": ctypes.addressof(self._powers),
            "homogeneous": self._homogeneous,
        }

    def refresh(self, p: PopulationProgram, run_values: RunValues) -> None:
        """Update the arrays of one population if its run-time values changed.

        Raises
        ------
        SettingError
            The time step is too long for these values.
        """
        current = run_values.get_neuron_values(p.name)
        followed = self._followed.pop(p.name, None)
        if followed is None or any(not np.array_equal(current[name], followed[name]) for name in current):
            self._compute(p, current)
        # Stays out where that raised an error half way.
        self._followed[p.name] = {name: np.copy(value) for name, value in current.items()}

    def _compute(self, p: PopulationProgram, parameters: Values) -> None:
        values = self._program.evaluate_neuron_values(p.name, parameters, self._dt)
        index = self._program.populations.index(p)
        self._homogeneous[index] = all(np.all(values[name] == values[name][0]) for name in p.values)
        if p.trained and p.trained.sensitivity:
            rounding = float(np.finfo(self._dtype).eps)
            self._series_orders[index] = choose_series_order(p, values, self._dt, rounding)
        for name in p.values:
            offset, length = self._layout.values[p.name, name]
            self._values[offset : offset + p.size] = values[name]
            # Padding repeats the last neuron, so that all its results are finite.
            self._values[offset + p.size : offset + length] = values[name][-1]
        if p.series:
            self._refresh_powers(index, p, values)
        if self._program.arrivals is not None and p.flow is None:
            self._refresh_terms(index, p, values)

    def _refresh_powers(self, index: int, p: PopulationProgram, values: Values) -> None:
        """Compute propagators without closed form; padding repeats the last neuron."""
        assert self._program.power_series is not None
        series = self._program.power_series(p.name, values, self._dt, self._precision)
        assert series is not None
        padding = ((0, 0), (0, 0), (0, pad_size(p.size, self._precision) - p.size))
        powers = self._copy_aligned(np.pad(series.powers, padding, mode="edge"))
        self._power_arrays[p.name] = powers
        self._powers[index] = Powers.from_values(
            self._dtype,
            self._layout.index_dtype,
            {"order": len(series.powers) - 1, "squarings": series.squarings, "powers": powers},
        )

    def _refresh_terms(self, index: int, p: PopulationProgram, values: Values) -> None:
        """Compute the effects of arrivals within steps. Their arrays live as long as the structure."""
        assert self._program.arrivals is not None
        terms = self._program.arrivals(p.name, values, self._dt, self._precision)
        padding = ((0, 0), (0, 0), (0, pad_size(p.size, self._precision) - p.size))
        arrays = {
            "times": self._copy_aligned(_convert_to_powers(terms.times)),
            "derivatives": self._copy_aligned(_convert_to_powers(terms.derivatives)),
            "gains": self._copy_aligned(np.pad(terms.gains, padding)),
            "returns": self._copy_aligned(np.pad(terms.returns, padding)),
            "mixing": self._copy_aligned(terms.mixing),
        }
        self._term_arrays[p.name] = tuple(arrays.values())
        self._terms[index] = Terms.from_values(
            self._dtype,
            self._layout.index_dtype,
            {
                "terms": len(terms.times),
                "num_returned": len(terms.derivatives),
                "order": terms.times.shape[1],
                "reversible": terms.reversible,
                **arrays,
            },
        )

    def _copy_aligned(self, source: np.ndarray) -> np.ndarray:
        array = make_aligned_zeros(source.size, self._dtype)
        array[:] = source.ravel()
        return array


def _convert_to_powers(series: np.ndarray) -> np.ndarray:
    """Return (terms, order) Chebyshev series in powers, of which fewer operations are needed, if they are short.

    Coefficients of short series decrease fast enough that powers lose no digit.
    """
    if series.shape[1] > USUAL_ORDERS[-1]:
        return series
    powers = np.zeros_like(series)
    for k, row in enumerate(series):
        known = chebyshev.cheb2poly(row)  # without zeros at its end
        powers[k, : len(known)] = known
    return powers
