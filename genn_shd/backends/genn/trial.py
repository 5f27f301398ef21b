"""The time grid of a trial, and how many spikes of it are kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """Numbers of a trial that are compiled into the code.

    Attributes
    ----------
    num_steps : of the trial.
    dt : length of a step, ms.
    max_spikes : room on the tape for the spikes of one neuron.
    """

    num_steps: int
    dt: float
    max_spikes: int
