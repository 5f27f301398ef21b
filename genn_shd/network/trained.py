"""Trained: how a parameter beside the weights is trained."""

from __future__ import annotations

from dataclasses import dataclass

from ..system.numbers import check_positive


@dataclass(frozen=True)
class Trained:
    """Training of a parameter of a population, one number per neuron, or of the delays of a connection.

    Attributes
    ----------
    minimum : the optimiser never goes below it.
    rate : multiplies the learning rate; the optimiser's steps are of that size in the parameter's unit.
    """

    minimum: float
    rate: float = 1.0

    def __post_init__(self) -> None:
        check_positive("rate of a trained parameter", self.rate)
