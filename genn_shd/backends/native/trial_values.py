"""Run-time values of a network that are not those of single neurons."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...eventprop.program import Program
from ...spikes.spike_trains import SpikeTrains
from ..loss_weight import StepWeights
from ..run_values import RunValues


class TrialValues:
    """Arrays of delays, noise and dropout, parameters and weight of the loss, and spike-count regularisation.

    Parameters
    ----------
    program : program of the compiled library.
    num_steps, dt : number of steps in a trial, and time step, ms.
    dtype : type of the parameters of the loss.
    """

    def __init__(self, program: Program, num_steps: int, dt: float, dtype: np.dtype) -> None:
        self._program, self._dtype = program, dtype
        self._step_weights = StepWeights(program, num_steps, dt)
        self._members: dict[str, np.ndarray] = {}

    def refresh(self, values: RunValues) -> None:
        """Update the arrays from the run-time values.

        Raises
        ------
        SettingError
            The weight of the loss is not finite, or zero at all times.
        """
        populations, loss_values = self._program.populations, values.get_loss_values()
        self._members = {
            "delays": values.get_delays(),
            "noise_and_dropout": np.array([values.get_noise_and_dropout(p.name) for p in populations], np.float64),
            "loss_values": np.array(list(loss_values.values()), self._dtype),
            "loss_weight": self._step_weights.compute_shared(loss_values).astype(self._dtype),
            "count_rules": np.array([_count_rule(values, p.name) for p in populations if p.spike], np.float64),
        }

    def list_members(self, values: RunValues, batch: SpikeTrains) -> dict[str, Any]:
        """Members of `Batch` that point to them."""
        if not self._step_weights.per_sample:
            return self._members
        weights = self._step_weights.compute_for(values.get_loss_values(), batch).astype(self._dtype)
        return {**self._members, "loss_weight": weights}


def _count_rule(values: RunValues, population: str) -> list[float]:
    """Return the members of a `CountRule` of the library."""
    rule = values.get_regularisation(population)
    return [*(getattr(rule, name) for name in rule.list_numbers()), rule.average == "trial"]
