"""How a parameter other than the weights is trained."""

from __future__ import annotations

from dataclasses import dataclass

from ..system.numbers import check_positive


@dataclass(frozen=True)
class Trained:
    """Marks a parameter of a population, or the delays of a connection, as trained.

    Attributes
    ----------
    minimum : lower limit, in the parameter's unit; the optimiser clips to it.
    rate : factor of the learning rate; with Adam, `rate` times the learning rate is the size of a step, in the
        parameter's unit.
    """

    minimum: float
    rate: float = 1.0

    def __post_init__(self) -> None:
        check_positive("rate of a trained parameter", self.rate)
