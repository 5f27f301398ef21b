"""A Gaussian process over the space of a sweep, for Bayesian optimisation and for reports.

It is that of the package `bayesian-optimization` with two changes: a separate length scale for each dimension, and a
noise variance that is chosen by likelihood.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BackendError
from .objective import Objective
from .space import Point, Space
from .strategies.observations import Observation, average_by_point, lift_outliers

try:
    from bayes_opt import BayesianOptimization, acquisition
    from bayes_opt.parameter import wrap_kernel
    from scipy.optimize import NonlinearConstraint
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern

    from .strategies.parameters import Neutral, convert_parameters
except ImportError:
    raise BackendError(
        "Bayesian optimisation needs the package bayesian-optimization; install it with: pip install 'genn_shd[sweep]'"
    ) from None

_LENGTH_SCALES = (0.05, 20.0)  # limits, in unit intervals: shorter means noise, longer means a flat function
_NOISES = (1e-6, 1e-3, 1e-2, 0.1, 0.3)  # variances, relative to that of the objective


@dataclass(frozen=True)
class Surrogate:
    """A model of the objective over the whole space, fitted to observations.

    Attributes
    ----------
    space, objective : space and objective of the sweep.
    optimiser : optimiser of the package, with all observations registered and its process configured.
    process : the same process, fitted to transformed points.
    parameters : typed parameters of the package.
    neutral : gives inactive parameters neutral values.
    """

    space: Space
    objective: Objective
    optimiser: BayesianOptimization
    process: GaussianProcessRegressor
    parameters: Mapping[str, Any]
    neutral: Neutral

    @classmethod
    def fit(
        cls,
        space: Space,
        objective: Objective,
        known: Sequence[Observation],
        acquire: acquisition.AcquisitionFunction | None = None,
        seed: int = 0,
    ) -> Surrogate:
        """Fit the process to observations.

        Parameters
        ----------
        space, objective : space and objective of the sweep.
        known : at least two observations.
        acquire : the acquisition function of the optimiser.
        seed : seed of the optimiser.
        """
        limits = np.array(list(objective.at_most.values()))
        parameters: Mapping[str, Any] = convert_parameters(space)
        with suppress_warnings():
            optimiser = BayesianOptimization(
                f=None,
                pbounds=parameters,
                acquisition_function=acquire,
                constraint=NonlinearConstraint(lambda: None, -np.inf, limits) if len(limits) else None,
                random_state=seed,
                verbose=0,
            )
            for o in average_by_point(lift_outliers(known)):
                optimiser.register(_complete(o.point, parameters), o.target, _make_constraint(o.limited))
            neutral = Neutral(space, parameters, optimiser.space.masks)
            process = _fit(optimiser, neutral)
            if optimiser.constraint is not None:
                optimiser.constraint.fit(optimiser.space.params, optimiser.space.constraint_values)
        return cls(space, objective, optimiser, process, parameters, neutral)

    def predict(self, points: Sequence[Point]) -> tuple[np.ndarray, np.ndarray]:
        """Predict the objective at points: mean and standard deviation, (N,) each, in units of the objective."""
        places = [self.optimiser.space.params_to_array(_complete(point, self.parameters)) for point in points]
        mean, std = self.predict_moments(np.stack(places))
        return self.objective.sign * mean, std

    def predict_moments(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predict mean and standard deviation at (N, D) places of the package; larger is better."""
        with suppress_warnings():
            return self.process.predict(self.neutral(self.optimiser.space.kernel_transform(x)), return_std=True)

    def compute_sensitivities(self) -> dict[str, float]:
        """Compute the sensitivity of the objective to each parameter: inverse length scales, which sum to 1."""
        scales = np.broadcast_to(self.process.kernel_.length_scale, (self.optimiser.space.dim,))
        inverse = {name: float(np.max(1 / scales[mask])) for name, mask in self.optimiser.space.masks.items()}
        return {name: value / sum(inverse.values()) for name, value in inverse.items()}

    def save(self, path: Path) -> None:
        """Write the state of the optimiser, for `load_state` of the package."""
        self.optimiser.save_state(path)


def _fit(optimiser: BayesianOptimization, neutral: Neutral) -> GaussianProcessRegressor:
    """Fit length scales and noise, and set them in the process of the optimiser."""
    x = neutral(optimiser.space.kernel_transform(optimiser.space.params))
    start = Matern(length_scale=[0.5] * x.shape[1], length_scale_bounds=_LENGTH_SCALES, nu=2.5)
    targets = optimiser.space.target
    fits = [GaussianProcessRegressor(start, alpha=a, normalize_y=True).fit(x, targets) for a in _NOISES]
    best = max(fits, key=lambda fit: fit.log_marginal_likelihood_value_)
    kernel = Matern(np.atleast_1d(best.kernel_.length_scale).tolist(), _LENGTH_SCALES, nu=2.5)
    optimiser.set_gp_params(kernel=wrap_kernel(kernel, neutral), alpha=best.alpha, optimizer=None)
    return best


def _complete(point: Point, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a point with neutral values for inactive parameters."""
    return {name: point.get(name, parameter.neutral) for name, parameter in parameters.items()}


def _make_constraint(limited: tuple[float, ...]) -> Any:
    """Return limited metrics in the form of the package: None, a number, or an array."""
    return np.array(limited) if len(limited) > 1 else limited[0] if limited else None


@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Suppress warnings of the package (whole numbers are experimental), and of fits that end at a bound."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
