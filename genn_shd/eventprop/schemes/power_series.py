"""Any linear dynamics over parts of a step: oscillations, chains of states, feedback, constant drive, no leak.

Each entry of the propagator exp(A r) is a power series in r with coefficients for each neuron. It is computed for 2^-k
times the span and squared k times; k is 0 if the step is shorter than all time constants. For a constant drive b, an
additional state is always 1; the exponential of the larger matrix has a column with the contribution of b.

Such trajectories can have several extrema between two arrivals. An upper bound of the second derivative of the
threshold expression g(x) is used to find the first crossing: g'' = grad g A^2 exp(A r) x, and similarly for b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import SettingError
from ...network.expressions import evaluate, make_symbol
from ..adjoint import Dynamics, name_adjoint
from ..program import LONGEST_ORDER, PowerSeries, SeriesProgram, Values
from .linear import (
    DRIFT,
    compute_exponentials,
    compute_mean_over_step,
    evaluate_driven_matrix,
    find_distinct_neurons,
    find_receiver,
    list_coupled_pairs,
    list_driven_states,
    list_receivers,
    name_propagator,
)

ROUNDING = {"float32": 2.0**-26, "float64": 2.0**-55}
# Of what is between two of the places at which a bound is looked for.
BETWEEN, PLACES = 1.25, 32


@dataclass(frozen=True)
class SeriesForm:
    """Code and coefficients of the dynamics of one population within a step.

    Parameters
    ----------
    d : any linear dynamics.
    is_driven : whether the loss reads the mean voltage of this population.
    """

    d: Dynamics
    is_driven: bool

    @property
    def series(self) -> SeriesProgram:
        """The entries of exp(A r) that are not always zero, and the bound that is needed to find spikes."""
        pairs, driven = list_coupled_pairs(self.d), list_driven_states(self.d)
        squares: dict[str, tuple[tuple[str, ...], ...]] = {
            name_propagator(x, y): tuple(
                (name_propagator(x, z), name_propagator(z, y))
                for z in self.d.state
                if (x, z) in pairs and (z, y) in pairs
            )
            for x, y in pairs
        }
        for x in driven:
            through = [(name_propagator(x, z), name_propagator(z, DRIFT)) for z in driven if (x, z) in pairs]
            squares[name_propagator(x, DRIFT)] = (*through, (name_propagator(x, DRIFT),))
        spikes = self.d.event is not None
        return SeriesProgram(
            squares, {x: _bend(x) for x in self.d.state} if spikes else {}, _bend(DRIFT) if spikes else ""
        )

    @property
    def propagator(self) -> dict[str, str]:
        """Entries of the scaled transpose, from those of the series."""
        return {
            name_propagator(name_adjoint(y), name_adjoint(x)): f"{_name_ratio(x, y)} * {name_propagator(x, y)}"
            for x, y in list_coupled_pairs(self.d)
            if x != y
        }

    @property
    def coefficients(self) -> list[str]:
        """Names of the coefficients of this code."""
        ratios = [_name_ratio(x, y) for x, y in list_coupled_pairs(self.d) if x != y]
        bends = [*self.series.bend.values(), self.series.bend_of_drift] if self.d.event is not None else []
        means = [*(_name_mean(x) for x in self._states_of_mean), _name_mean(DRIFT)] if self.is_driven else []
        return [*ratios, *bends, *means]

    @property
    def _states_of_mean(self) -> list[str]:
        return [x for i, x in enumerate(self.d.state) if self.d.coupled[0, i]]

    @property
    def mean_code(self) -> str:
        """The mean of V over a step, from the state at its start; contributions of arrivals are in `arrived`."""
        terms = [f"{_name_mean(x)} * start_{x}" for x in self._states_of_mean]
        return " + ".join([*terms, _name_mean(DRIFT), "arrived"])

    def evaluate(self, values: Values, dt: float) -> dict[str, np.ndarray]:
        """Compute the values of the coefficients, (N,) float64.

        Raises
        ------
        SettingError
            The time step is too long for an oscillation.
        """
        distinct, where = find_distinct_neurons(self.d, values)
        self._check_oscillation(distinct, dt)
        scale = self._evaluate_scales(distinct)
        result = {_name_ratio(x, y): scale[x] / scale[y] for x, y in list_coupled_pairs(self.d) if x != y}
        if self.d.event is not None:
            bends = self._bound_bends(distinct, dt)
            result |= {_bend(x): bends[:, i] for i, x in enumerate((*self.d.state, DRIFT))}
        if self.is_driven:
            mean, drift = compute_mean_over_step(self.d, distinct, dt)
            result |= {_name_mean(x): mean[:, self.d.state.index(x)] for x in self._states_of_mean}
            result[_name_mean(DRIFT)] = drift
        return {name: result[name][where] for name in self.coefficients}

    def _evaluate_scales(self, values: Values) -> dict[str, np.ndarray]:
        size = len(next(iter(values.values())))
        return {x: np.broadcast_to(evaluate(s, values), size) for x, s in self.d.scales.items()}

    def _bound_bends(self, values: Values, dt: float) -> np.ndarray:
        """Bound grad g A^2 exp(A r) over a step, for each state and the constant drive, (K, states + 1)."""
        assert self.d.event is not None
        matrix = evaluate_driven_matrix(self.d, values)
        gradient = np.zeros(matrix.shape[:2])
        for i, x in enumerate(self.d.state):
            gradient[:, i] = evaluate(self.d.event.threshold.diff(make_symbol(x)), values)
        row = gradient[:, None] @ matrix @ matrix
        part = compute_exponentials(matrix * (dt / PLACES))
        largest = np.abs(row)
        for _ in range(PLACES):
            row = row @ part
            largest = np.maximum(largest, np.abs(row))
        return BETWEEN * largest[:, 0]

    def _check_oscillation(self, values: Values, dt: float) -> None:
        fastest = float(np.abs(np.linalg.eigvals(evaluate_driven_matrix(self.d, values)).imag).max())
        if fastest * dt > 0.5 * np.pi * (1 + 1e-6):
            period = 2 * np.pi / fastest
            raise SettingError(
                f"dt = {dt:g} ms is too long a step for population {self.d.population.name!r}, which oscillates with a "
                f"period of {period:.3g} ms; the exact scheme needs dt of at most a quarter of it, {period / 4:.3g} ms."
            )

    def find_fastest_rate(self, values: Values, dt: float) -> float:
        """Return a rate, 1/ms, above those of all exponentials and of powers of time over a step."""
        distinct, _ = find_distinct_neurons(self.d, values)
        return float(np.abs(np.linalg.eigvals(evaluate_driven_matrix(self.d, distinct))).max()) + 1.0 / dt

    def compute_effects(self, values: Values, dt: float, at: np.ndarray) -> np.ndarray:
        """Compute the change of each state at the end of a step by a weight of 1 arriving at M times, (effects, N, M).

        If the loss reads the mean of V, the last effect is the change of this mean over the step.
        """
        distinct, where = find_distinct_neurons(self.d, values)
        matrix = evaluate_driven_matrix(self.d, distinct)
        matrix[:, -1] = 0.0
        matrix[:, :, -1] = 0.0  # an arrival's effect does not depend on b, whose place the integral of V takes
        matrix[:, -1, 0] = 1.0 / dt
        spans = compute_exponentials((matrix[:, None] * (dt - at)[:, None, None]).reshape(-1, *matrix.shape[1:]))
        column = spans[:, :, self.d.state.index(find_receiver(self.d))].reshape(len(matrix), len(at), -1)
        rows = [self.d.state.index(x) for x in list_receivers(self.d)]
        return column[:, :, [*rows, -1] if self.is_driven else rows].transpose(2, 0, 1)[:, where]

    def compute_returns(self, values: Values, dt: float) -> list[np.ndarray]:
        """Compute p_x per lambda_x of the states that arrivals change, and dL/d(mean of V) per drive."""
        scale = self._evaluate_scales(values)
        result = [-scale[x] for x in list_receivers(self.d)]
        return [*result, np.ones_like(result[0])] if self.is_driven else result

    def evaluate_power_series(self, values: Values, dt: float, precision: str) -> PowerSeries:
        """Compute the series for spans up to a step, without cancellation, with a truncation error below rounding."""
        distinct, where = find_distinct_neurons(self.d, values)
        matrix = evaluate_driven_matrix(self.d, distinct)
        size = float(np.abs(np.linalg.eigvals(matrix)).max()) * dt
        squarings = max(0, int(np.ceil(np.log2(max(size, 1e-9)))))
        powers = _compute_powers(matrix * (dt / 2.0**squarings))
        order = _choose_order(powers, ROUNDING[precision])
        while order is None:
            squarings += 1
            powers = _compute_powers(matrix * (dt / 2.0**squarings))
            order = _choose_order(powers, ROUNDING[precision])
        index = {x: i for i, x in enumerate((*self.d.state, DRIFT))}
        places = [*list_coupled_pairs(self.d), *((x, DRIFT) for x in list_driven_states(self.d))]
        rows, columns = ([index[pair[i]] for pair in places] for i in (0, 1))
        chosen = powers[: order + 1, :, rows, columns] / (dt / 2.0**squarings) ** np.arange(order + 1)[:, None, None]
        return PowerSeries(squarings, chosen.transpose(0, 2, 1)[:, :, where])


def _compute_powers(matrix: np.ndarray) -> np.ndarray:
    """Compute matrix^k / k!, (terms, K, n, n), for two more terms than the longest series."""
    terms = [np.broadcast_to(np.eye(matrix.shape[-1]), matrix.shape)]
    for k in range(1, LONGEST_ORDER + 3):
        terms.append(terms[-1] @ matrix / k)
    return np.stack(terms)


def _choose_order(powers: np.ndarray, rounding: float) -> int | None:
    """Choose the highest power that is needed for any entry; None if the series would be too long."""
    sizes = np.abs(powers)
    largest = np.maximum.accumulate(sizes, axis=0)
    matters = (sizes > rounding * largest).any(axis=(1, 2, 3))
    order = int(np.flatnonzero(matters).max())
    return order if order <= LONGEST_ORDER else None


def _name_ratio(x: str, y: str) -> str:
    return f"ratio_{x}_{y}"


def _bend(x: str) -> str:
    return f"bend_{x}"


def _name_mean(x: str) -> str:
    return f"mean_from_{x}"
