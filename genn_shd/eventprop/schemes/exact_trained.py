"""Trained parameters in the exact scheme: sensitivities over a step with arrivals and spikes.

With z = (x, y), the state and its derivatives, z' = M z + c between events. An arrival of weight w at the offset d
changes z at the end of the step by exp(M (h - d)) e w, where e is the unit vector of the variable to which w is added.
As functions of d, the changes of x and y are similar: the terms for x (`expansion.py`) and one to three more also give
y. So synapses need no exponentials, for any number of trained parameters.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import sympy

from ...network.expressions import make_symbol, to_code
from ..program import SensitivityProgram, TrainedProgram, Values
from ..sensitivity import Sensitivity
from .linear import (
    DRIFT,
    advance,
    assign,
    compute_exponentials,
    evaluate_driven_matrix,
    evaluate_system_matrix,
    find_receiver,
    list_driven_states,
    name_propagator,
)


@dataclass(frozen=True)
class TrainedInStep:
    """Code and coefficients of the trained parameters of one population.

    Parameters
    ----------
    sensitivity : sensitivity of the population.
    reads_mean : whether the loss reads the mean voltage of this population over each step.
    in_closed_form : whether the mean is computed from the states at both ends of a step; else its derivatives are
        integrated from zero in each step.
    """

    sensitivity: Sensitivity
    reads_mean: bool
    in_closed_form: bool

    @property
    def program(self) -> TrainedProgram:
        """The code."""
        s = self.sensitivity
        spikes = s.dynamics.event is not None
        return TrainedProgram(
            spike_gradient={theta: to_code(e) for theta, e in s.spike_gradient.items()},
            read={} if spikes else self._read(),
            sensitivity=SensitivityProgram(
                state=(*s.state, *self._means),
                start_code=assign(
                    {
                        **{y: advance(y, s.dynamics) for y in s.state},
                        **{mean: self._advance_mean(mean) for mean in self._means},
                    }
                ),
                reached=self.reached,
                matrix={(a, b): _name_entry(a, b) for a, b in self._couplings},
                drift={z: _name_entry(z, DRIFT) for z in (self._state[i] for i in s.dynamics.drives)},
                shift={name: to_code(e) for name, e in s.shift.items()},
                reset_code=assign(s.reset),
            ),
        )

    @property
    def _state(self) -> tuple[str, ...]:
        return self.sensitivity.dynamics.state

    @property
    def _receives(self) -> str:
        return find_receiver(self.sensitivity.dynamics)

    @property
    def _means(self) -> dict[str, str]:
        """Integrated derivatives of the mean of V over a step -> derivatives of V."""
        if not self.reads_mean or self.in_closed_form:
            return {}
        return {
            f"mean_{derivative}": str(derivative) for derivative in self.sensitivity.read.values() if derivative != 0
        }

    def _find_sources_of_mean(self, mean: str) -> list[str]:
        """List the states whose value at the start of a step has an effect on a mean."""
        return [z for z in self._state if self._coupled[self._means[mean], z]]

    def _advance_mean(self, mean: str) -> sympy.Expr:
        terms = [make_symbol(name_propagator(mean, z)) * make_symbol(z) for z in self._find_sources_of_mean(mean)]
        return sympy.Add(*terms, make_symbol(name_propagator(mean, DRIFT)))

    @functools.cached_property
    def _coupled(self) -> dict[tuple[str, str], bool]:
        coupled = self.sensitivity.dynamics.coupled
        return {(a, b): bool(coupled[i, j]) for i, a in enumerate(self._state) for j, b in enumerate(self._state)}

    @functools.cached_property
    def _couplings(self) -> list[tuple[str, str]]:
        return [(self._state[i], self._state[j]) for i, j in self.sensitivity.dynamics.entries]

    @functools.cached_property
    def reached(self) -> tuple[str, ...]:
        """Derivatives that an arrival changes within the step."""
        reached = (y for y in self.sensitivity.state if self._coupled[y, self._receives])
        return (*reached, *(mean for mean, y in self._means.items() if self._coupled[y, self._receives]))

    def _read(self) -> dict[str, str]:
        """Write dV/dtheta at the end of the step, or its mean: int z dt = M^-1 (change of z without arrivals)."""
        if not self.reads_mean:
            return {theta: to_code(e) for theta, e in self.sensitivity.read.items()}
        result = {}
        if not self.in_closed_form:
            means = {derivative: mean for mean, derivative in self._means.items()}
            return {theta: means.get(str(derivative), "0.0") for theta, derivative in self.sensitivity.read.items()}
        for theta, derivative in self.sensitivity.read.items():
            terms = []
            for z in self._state:
                arrived = " - arrived" if z == self._receives else ""
                terms.append(f"{_name_mean(str(derivative), z)} * ({z} - start_{z}{arrived})")
            result[theta] = " + ".join(terms)
        return result

    @property
    def coefficients(self) -> list[str]:
        """Names of all coefficients."""
        return list(self._evaluate(np.eye(len(self._state) + 1)[None], 1.0))

    def evaluate(self, values: Values, dt: float) -> dict[str, np.ndarray]:
        """Compute the values of the coefficients, (N,) float64."""
        return self._evaluate(evaluate_driven_matrix(self.sensitivity.dynamics, values), dt)

    def compute_effects(self, values: Values, dt: float, at: np.ndarray) -> np.ndarray:
        """Compute the change of derivatives at the end of a step by an arrival of weight 1 at M times, (reached, N, M).

        About the middle of the step, dt - d = (1 + u) dt / 2 with |u| <= 1, the exponential is a power series in u.
        """
        matrix = self._with_means(evaluate_system_matrix(self.sensitivity.dynamics, values), dt) * (dt / 2)
        terms = [compute_exponentials(matrix)[:, :, self._state.index(self._receives)]]
        sizes = [np.abs(terms[0]).max()]
        while sizes[-1] > 0.1 * np.finfo(np.float64).eps * max(sizes):
            terms.append(np.einsum("nij,nj->ni", matrix, terms[-1]) / len(terms))
            sizes.append(np.abs(terms[-1]).max())
        index = {y: i for i, y in enumerate((*self._state, *self._means))}
        rows = [index[y] for y in self.reached]
        powers = (1.0 - 2.0 * at / dt) ** np.arange(len(terms))[:, None]
        return np.tensordot(np.stack(terms)[:, :, rows], powers, axes=(0, 0)).swapaxes(0, 1)

    def _with_means(self, matrix: np.ndarray, dt: float) -> np.ndarray:
        """Return the matrix with an additional row and column for each mean."""
        size = matrix.shape[-1]
        result = np.pad(matrix, ((0, 0), (0, len(self._means)), (0, len(self._means))))
        for i, derivative in enumerate(self._means.values()):
            result[:, size + i, self._state.index(derivative)] = 1.0 / dt
        return result

    def _evaluate(self, driven: np.ndarray, dt: float) -> dict[str, np.ndarray]:
        """Compute the coefficients from `driven`, which is M with the column of the constant drive."""
        d = self.sensitivity.dynamics
        index = {z: i for i, z in enumerate((*self._state, DRIFT, *self._means))}
        matrix = driven[:, :-1, :-1]
        half = compute_exponentials((matrix if self.in_closed_form else self._with_means(driven, dt)) * (dt / 2))
        whole = half @ half
        result = {_name_entry(a, b): matrix[:, index[a], index[b]] for a, b in self._couplings}
        result |= {_name_entry(self._state[i], DRIFT): driven[:, i, -1] for i in d.drives}
        for y in self.sensitivity.state:
            result |= {name_propagator(y, z): whole[:, index[y], index[z]] for z in self._state if self._coupled[y, z]}
            if y in list_driven_states(d):
                result[name_propagator(y, DRIFT)] = whole[:, index[y], index[DRIFT]]
        for mean in self._means:
            for z in (*self._find_sources_of_mean(mean), DRIFT):
                result[name_propagator(mean, z)] = whole[:, index[mean], index[z]]
        if self.reads_mean and self.in_closed_form:
            inverse = np.linalg.inv(matrix) / dt
            for derivative in map(str, self.sensitivity.read.values()):
                result |= {_name_mean(derivative, z): inverse[:, index[derivative], index[z]] for z in self._state}
        return result


def _name_entry(a: str, b: str) -> str:
    return f"matrix_{a}_{b}"


def _name_mean(derivative: str, z: str) -> str:
    return f"mean_{derivative}_from_{z}"
