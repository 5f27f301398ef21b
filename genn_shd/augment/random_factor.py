"""Base class of steps that draw one factor for each sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from ..errors import SettingError
from ..system.described import AsList, OneOrMany
from ..system.numbers import check_positive
from .random_streams import RandomStreams
from .step import Step

Limits = Annotated[tuple[Annotated[float, Field(gt=0, le=1000)], ...], OneOrMany, AsList]
"""Type of the setting of such a step: the smallest and the largest factor, or nothing."""


@dataclass(frozen=True)
class RandomFactor(Step):
    """Draws one factor for each sample, log-uniformly between minimum and maximum.

    Attributes
    ----------
    minimum, maximum : limits of the factor, above 0; a factor of 1 changes nothing.
    """

    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        name = type(self).__name__
        check_positive(f"{name}: minimum", self.minimum)
        check_positive(f"{name}: maximum", self.maximum)
        if self.minimum > self.maximum:
            raise SettingError(f"{name}: minimum = {self.minimum!r} must not exceed maximum = {self.maximum!r}.")

    @classmethod
    def make_from_limits(cls, limits: tuple[float, ...], example: Any) -> Self | None:
        """Make the step from its setting, which has the name of its stream of random numbers; None for no limits."""
        if len(limits) not in (0, 2) or limits != tuple(sorted(limits)):
            raise SettingError(
                f"augmentation.{cls.stream} = {list(limits)} is not allowed: give the smallest and the largest factor, "
                f"for example {example}."
            )
        return cls(*limits) if limits else None

    def draw_factors(self, draws: RandomStreams) -> np.ndarray:
        """Draw the factors of B samples, (B,) float64; `draws` has random numbers for each."""
        lowest, highest = math.log(self.minimum), math.log(self.maximum)
        return np.exp(lowest + (highest - lowest) * draws.draw_uniform()[:, 0])
