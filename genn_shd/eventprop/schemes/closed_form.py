"""Dynamics with a closed form over any part of a step: states that leak and are coupled pairwise.

With rates a = 1 / s_x and b = 1 / s_y, an entry of exp(A r) on the diagonal is exp(-a r). One off it couples two states
directly: A_xy (exp(-a r) - exp(-b r)) / (b - a), finite for equal time constants. Factors that do not depend on r are
coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...network.expressions import evaluate
from ..adjoint import Dynamics, name_adjoint
from ..program import SeriesProgram, Values
from .linear import find_receiver, list_receivers, name_propagator


@dataclass(frozen=True)
class PairwiseForm:
    """Code and coefficients of the dynamics of one population within a step.

    Parameters
    ----------
    d : pairwise dynamics.
    is_driven : whether the loss reads the mean voltage of this population.
    """

    d: Dynamics
    is_driven: bool

    @property
    def series(self) -> SeriesProgram | None:
        """None, as all entries have a closed form."""
        return None

    @property
    def propagator(self) -> dict[str, str]:
        """Entries of exp(A r), as in `PopulationProgram`."""
        result = {name_propagator(x, x): f"exp(-{_name_rate(x)} * r)" for x in self.d.state}
        for x, y in self._couplings:
            name = name_propagator(x, y)
            ends = f"{name_propagator(x, x)}, {name_propagator(y, y)}"
            result[name] = f"coupled(r, {ends}, {', '.join(_name_coupling(x, y))})"
            result[name_propagator(name_adjoint(y), name_adjoint(x))] = f"{_name_ratio(x, y)} * {name}"
        return result

    @property
    def coefficients(self) -> list[str]:
        """Names of the coefficients of this code."""
        couplings = [name for x, y in self._couplings for name in (*_name_coupling(x, y), _name_ratio(x, y))]
        return [*(_name_rate(x) for x in self.d.state), *couplings]

    @property
    def mean_code(self) -> str:
        """The mean of V over a step: x' = A x gives int x dt = A^-1 (change of x that is not arrivals).

        The row of A^-1 for V is -s_x steady_x.
        """
        terms = []
        for x in self.d.state:
            if self.d.steady_state[name_adjoint(x)] != 0:
                arrived = " - arrived" if x == find_receiver(self.d) else ""
                terms.append(f"steady_{name_adjoint(x)} / {_name_rate(x)} * ({x} - start_{x}{arrived})")
        return f"-({' + '.join(terms)})"

    @property
    def _couplings(self) -> list[tuple[str, str]]:
        """Pairs of states (x, y) of which y drives x."""
        return [(self.d.state[i], self.d.state[j]) for i, j in self.d.entries if i != j]

    def evaluate(self, values: Values, dt: float) -> dict[str, np.ndarray]:
        """Compute the values of the coefficients, (N,) float64."""
        d = self.d
        size = len(next(iter(values.values())))
        scale = {x: np.broadcast_to(np.asarray(evaluate(s, values), np.float64), size) for x, s in d.scales.items()}
        result = {_name_rate(x): 1.0 / scale[x] for x in d.state}
        for x, y in self._couplings:
            gap = result[_name_rate(y)] - result[_name_rate(x)]
            strength = np.broadcast_to(evaluate(d.entries[d.state.index(x), d.state.index(y)], values), size)
            # For equal rates, the series is used for every span, without a division by their gap.
            over_gap = np.divide(strength, gap, out=np.zeros(size), where=gap != 0)
            result |= dict(zip(_name_coupling(x, y), (gap, strength, over_gap), strict=True))
            result[_name_ratio(x, y)] = scale[x] / scale[y]
        return result

    def find_fastest_rate(self, values: Values, dt: float) -> float:
        """Return the largest rate, 1/ms."""
        numbers = self.evaluate(values, dt)
        return float(max(numbers[_name_rate(x)].max() for x in self.d.state))

    def compute_effects(self, values: Values, dt: float, at: np.ndarray) -> np.ndarray:
        """Compute the change of each state at the end of a step by a weight of 1 arriving at M times, (effects, N, M).

        If the loss drives the population, the last effect is 1, for the sum of weights.
        """
        numbers, spans, y = self.evaluate(values, dt), dt - at, find_receiver(self.d)
        decay = np.exp(-numbers[_name_rate(y)][:, None] * spans)
        effects = []
        for x in list_receivers(self.d):
            if x == y:
                effects.append(decay)
                continue
            gap, strength, _ = (numbers[name][:, None] for name in _name_coupling(x, y))
            effects.append(strength * spans * decay * _compute_relative_growth(spans * gap))
        if self.is_driven:
            effects.append(np.ones_like(decay))
        return np.stack(effects)

    def compute_returns(self, values: Values, dt: float) -> list[np.ndarray]:
        """Compute p_x per lambda_x of the states that arrivals change.

        If the loss drives the population, the last value is the constant of the steady state, for the sum of weights.
        """
        numbers = self.evaluate(values, dt)
        result = [-1.0 / numbers[_name_rate(x)] for x in list_receivers(self.d)]
        if self.is_driven:
            received = find_receiver(self.d)
            steady = evaluate(self.d.steady_state[name_adjoint(received)], values)
            result.append(steady / dt / numbers[_name_rate(received)])
        return result


def _name_rate(x: str) -> str:
    return f"rate_{x}"


def _name_coupling(x: str, y: str) -> tuple[str, str, str]:
    """Return the names of b - a, A_xy and A_xy / (b - a)."""
    return f"gap_{x}_{y}", f"coupling_{x}_{y}", f"coupling_over_gap_{x}_{y}"


def _name_ratio(x: str, y: str) -> str:
    return f"ratio_{x}_{y}"


def _compute_relative_growth(u: np.ndarray) -> np.ndarray:
    """Compute (exp(u) - 1) / u."""
    return np.divide(np.expm1(u), u, out=np.ones_like(u), where=u != 0)
