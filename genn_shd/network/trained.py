"""Trained: how a parameter beside the weights is trained."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SettingError


@dataclass(frozen=True)
class Trained:
    """How a parameter of a population, one number per neuron, or the delays of a connection are trained.

    Attributes
    ----------
    minimum : the optimiser never goes below it.
    rate : multiplies the learning rate; the optimiser's steps are of that size in the parameter's unit.
    """

    minimum: float
    rate: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.rate < float("inf"):
            raise SettingError(f"rate = {self.rate} of a trained parameter is not allowed; it must be > 0 and finite.")
