"""The weight w(t) of a loss over time: one curve for all samples, or one for each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import SettingError
from ..eventprop.program import Program
from ..eventprop.schemes.bins import assign_bins
from ..eventprop.schemes.input_activity import compute_means
from ..network.definitions import LossModel
from ..network.expressions import evaluate, parse
from ..spikes.spike_trains import SpikeTrains


def evaluate_loss_weight(
    loss: LossModel, values: Mapping[str, float], t: np.ndarray, duration: float, activity: np.ndarray | None = None
) -> np.ndarray:
    """Evaluate w at given times; it is 1 for a loss without a weight.

    Parameters
    ----------
    loss, values : the loss, and values of its parameters.
    t : (N,) times, ms.
    duration : duration of a trial T, ms.
    activity : (B, N) low-pass filtered input at these times, for a loss that uses it.

    Returns
    -------
    (N,) float64, or (B, N) if it depends on the input.

    Raises
    ------
    SettingError
        w is not finite at one of these times, or zero at all of them.
    """
    names: dict[str, np.ndarray | float] = {**values, "t": t, "T": duration}
    if activity is not None:
        names["activity"] = activity
    with np.errstate(all="ignore"):
        weight = evaluate(parse(loss.weight or "1", names), names)
    weight = np.array(np.broadcast_to(weight, t.shape if activity is None else activity.shape))
    _check(loss, values, t, weight, activity)
    return weight


def _check(
    loss: LossModel, values: Mapping[str, float], t: np.ndarray, weight: np.ndarray, activity: np.ndarray | None
) -> None:
    named = "".join(f", {name} = {value:g}" for name, value in values.items() if name != "loss_scale")
    what = f"loss {loss.name!r}: the weight {loss.weight!r}"
    if not np.all(np.isfinite(weight)):
        place = np.argwhere(~np.isfinite(weight))[0]
        where = f"{weight[tuple(place)]} at t = {t[place[-1]]:g} ms{named}"
        raise SettingError(f"{what} is {where}; it must be finite from 0 to T: change it or its parameters.")
    if activity is None and not np.any(weight):
        raise SettingError(f"{what} is 0 at all times{named}, and so is the gradient; change it or its parameters.")


def compute_weight_curves(
    loss: LossModel, values: Mapping[str, float], num_steps: int, dt: float, samples: SpikeTrains
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the midpoints of steps, ms, and w there, (num_steps,), or (B, num_steps) if it depends on the input."""
    t, activity = (np.arange(num_steps) + 0.5) * dt, None
    if loss.weighs_input:
        bins = assign_bins(samples.times, dt)
        activity = compute_means(samples, bins, num_steps, dt, values["tau_input"], values["input_gain"])
    return t, evaluate_loss_weight(loss, values, t, num_steps * dt, activity)


class StepWeights:
    """The weight of a loss in each step of a trial.

    Attributes
    ----------
    per_sample : whether each sample has its own weight.
    """

    def __init__(self, program: Program, num_steps: int, dt: float) -> None:
        self._program, self._num_steps, self._dt = program, num_steps, dt
        self._t = (np.arange(num_steps) + program.weight_time) * dt
        self.per_sample = program.network.loss.weighs_input

    def compute_shared(self, values: Mapping[str, float]) -> np.ndarray:
        """Compute the weight of all samples, (num_steps,); ones if each sample has its own."""
        if self.per_sample:
            return np.ones(self._num_steps)
        return evaluate_loss_weight(self._program.network.loss, values, self._t, self._num_steps * self._dt)

    def compute_for(self, values: Mapping[str, float], samples: SpikeTrains) -> np.ndarray:
        """Compute the weight of each sample, (B, num_steps)."""
        tau, gain = values["tau_input"], values["input_gain"]
        activity = self._program.input_activity(samples, self._num_steps, self._dt, tau, gain)
        return evaluate_loss_weight(self._program.network.loss, values, self._t, self._num_steps * self._dt, activity)
