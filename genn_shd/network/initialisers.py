"""Initial values as descriptions: a number or a distribution, drawn when a network is compiled."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np

from ..errors import SettingError


class Distribution(abc.ABC):
    """A distribution of initial values, drawn when a network is compiled, from the seed given there."""

    @abc.abstractmethod
    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw values of the given shape, float64."""


@dataclass(frozen=True)
class Normal(Distribution):
    """Normal distribution with mean `mean` and standard deviation `std`, in the unit of the parameter."""

    mean: float
    std: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and np.isfinite(self.std) and self.std >= 0):
            raise SettingError(
                f"a normal distribution needs a finite mean and std >= 0, not mean {self.mean}, std {self.std}."
            )

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(self.mean, self.std, shape)


@dataclass(frozen=True)
class Uniform(Distribution):
    """Uniform distribution from `low` to `high`, in the unit of the parameter."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low <= self.high):
            raise SettingError(
                f"a uniform distribution needs finite low <= high, not low {self.low}, high {self.high}."
            )

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(self.low, self.high, shape)


@dataclass(frozen=True)
class Gamma(Distribution):
    """Gamma distribution with mean `mean` and shape parameter `shape`; values are clipped to [minimum, maximum].

    Used for the time constants of heterogeneous populations (Perez-Nieves et al., Nat. Commun. 12, 5791, 2021).
    """

    mean: float
    shape: float
    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        if not (self.mean > 0 and self.shape > 0 and 0 < self.minimum <= self.maximum):
            raise SettingError(
                f"a gamma distribution needs mean > 0, shape > 0 and 0 < minimum <= maximum, not mean {self.mean}, "
                f"shape {self.shape}, minimum {self.minimum}, maximum {self.maximum}."
            )

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.clip(rng.gamma(self.shape, self.mean / self.shape, shape), self.minimum, self.maximum)


def make_heterogeneous(mean: float, smallest: float) -> Gamma:
    """Return the distribution of time constants (ms) of Nowotny et al. (2025): shape 3, in [smallest, 3 mean]."""
    return Gamma(mean, 3.0, smallest, 3.0 * mean)


Initial = float | Distribution


def draw(value: Initial, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of a shape: drawn from a distribution, or filled with a number."""
    if isinstance(value, Distribution):
        return value.sample(rng, shape)
    return np.full(shape, float(value))
