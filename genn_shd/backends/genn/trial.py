"""The time steps of a trial, and the number of spikes that are stored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """Constants of a trial that are compiled into the code.

    Attributes
    ----------
    num_steps : number of steps of a trial.
    dt : time step, ms.
    max_spikes : largest number of spikes of one neuron on the tape.
    """

    num_steps: int
    dt: float
    max_spikes: int
