"""Trained parameters in the exact scheme: how their sensitivities advance over a step that holds spikes.

With z = (x, y), the state and its derivatives, z' = M z between events. An arrival of weight w at the offset d has by
the end of the step become exp(M (h - d)) e w, e being the variable that receives it. As a function of d, what that
leaves of y is so much like what it leaves of x that the terms of the one (`expansion.py`), and one to three more, give
the other: no synapse needs an exponential, however many parameters are trained.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ...network.expressions import to_code
from ..program import SensitivityProgram, TrainedProgram, Values
from ..sensitivity import Sensitivity
from .linear import advance, assign, exponentials, propagator_name, system_matrix


@dataclass(frozen=True)
class TrainedInStep:
    """Code and coefficients of one population's trained parameters.

    Parameters
    ----------
    sensitivity : of the population.
    reads_mean : whether the loss reads this population's mean voltage over each step.
    """

    sensitivity: Sensitivity
    reads_mean: bool

    @property
    def program(self) -> TrainedProgram:
        """The code."""
        s = self.sensitivity
        spikes = s.dynamics.event is not None
        return TrainedProgram(
            spike_gradient={theta: to_code(e) for theta, e in s.spike_gradient.items()},
            read={} if spikes else self._read(),
            sensitivity=SensitivityProgram(
                state=s.state,
                start_code=assign({y: advance(y, s.dynamics) for y in s.state}),
                reached=self.reached,
                matrix={(a, b): _entry(a, b) for a, b in self._couplings},
                shift={name: to_code(e) for name, e in s.shift.items()},
                reset_code=assign(s.reset),
            ),
        )

    @property
    def _state(self) -> tuple[str, ...]:
        return self.sensitivity.dynamics.state

    @property
    def _receives(self) -> str:
        synapse = self.sensitivity.dynamics.population.synapse
        assert synapse is not None
        return synapse.receives

    @functools.cached_property
    def _coupled(self) -> dict[tuple[str, str], bool]:
        coupled = self.sensitivity.dynamics.coupled
        return {(a, b): bool(coupled[i, j]) for i, a in enumerate(self._state) for j, b in enumerate(self._state)}

    @functools.cached_property
    def _couplings(self) -> list[tuple[str, str]]:
        return [(self._state[i], self._state[j]) for i, j in self.sensitivity.dynamics.entries]

    @functools.cached_property
    def reached(self) -> tuple[str, ...]:
        """Derivatives that an arrival reaches within the step."""
        return tuple(y for y in self.sensitivity.state if self._coupled[y, self._receives])

    def _read(self) -> dict[str, str]:
        """dV/dtheta at the end of the step, or its mean: int z dt = M^-1 (change of z that is not arrivals)."""
        if not self.reads_mean:
            return {theta: to_code(e) for theta, e in self.sensitivity.read.items()}
        result = {}
        for theta, derivative in self.sensitivity.read.items():
            terms = []
            for z in self._state:
                arrived = " - arrived" if z == self._receives else ""
                terms.append(f"{_mean(str(derivative), z)} * ({z} - start_{z}{arrived})")
            result[theta] = " + ".join(terms)
        return result

    @property
    def coefficients(self) -> list[str]:
        """Names of the coefficients of all this code."""
        return list(self._evaluate(np.eye(len(self._state))[None], 1.0))

    def evaluate(self, values: Values, dt: float) -> dict[str, np.ndarray]:
        """Values of the coefficients, (N,) float64."""
        return self._evaluate(system_matrix(self.sensitivity.dynamics, values), dt)

    def effects(self, values: Values, dt: float, at: np.ndarray) -> np.ndarray:
        """(reached, N, M): what an arrival of weight 1 at M times within the step makes of each derivative by its end.

        About the middle of the step, dt - d = (1 + u) dt / 2 with |u| <= 1, the exponential is a power series in u.
        """
        matrix = system_matrix(self.sensitivity.dynamics, values) * (dt / 2)
        terms = [exponentials(matrix)[:, :, self._state.index(self._receives)]]
        sizes = [np.abs(terms[0]).max()]
        while sizes[-1] > 0.1 * np.finfo(np.float64).eps * max(sizes):
            terms.append(np.einsum("nij,nj->ni", matrix, terms[-1]) / len(terms))
            sizes.append(np.abs(terms[-1]).max())
        rows = [self._state.index(y) for y in self.reached]
        powers = (1.0 - 2.0 * at / dt) ** np.arange(len(terms))[:, None]
        return np.tensordot(np.stack(terms)[:, :, rows], powers, axes=(0, 0)).swapaxes(0, 1)

    def _evaluate(self, matrix: np.ndarray, dt: float) -> dict[str, np.ndarray]:
        index = {z: i for i, z in enumerate(self._state)}
        half = exponentials(matrix * (dt / 2))
        whole = half @ half
        result = {_entry(a, b): matrix[:, index[a], index[b]] for a, b in self._couplings}
        for y in self.sensitivity.state:
            result |= {propagator_name(y, z): whole[:, index[y], index[z]] for z in self._state if self._coupled[y, z]}
        if self.reads_mean:
            inverse = np.linalg.inv(matrix) / dt
            for derivative in map(str, self.sensitivity.read.values()):
                result |= {_mean(derivative, z): inverse[:, index[derivative], index[z]] for z in self._state}
        return result


def _entry(a: str, b: str) -> str:
    return f"matrix_{a}_{b}"


def _mean(derivative: str, z: str) -> str:
    return f"mean_{derivative}_from_{z}"
