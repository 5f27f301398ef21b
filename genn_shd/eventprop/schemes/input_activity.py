"""The low-pass filtered activity of a sample's own input, for losses that are weighted by it.

    tau a' = -a + gain sum_k delta(t - t_k)         a(0) = 0

over all input spikes t_k of the sample, whatever their channel: each lifts a by gain / tau. In the long run a is gain
times the number of input spikes per ms. It depends on the input only, so nothing flows back through it.

Nowotny, Turner & Knight (2025) take Euler steps a += (J - a) dt / tau, J = 0.01 for every spike of a step: so it lifts
a by 0.01 dt / tau. At their dt = 1 ms that is this equation with gain = 0.01 ms, which does not change with dt.
"""

from __future__ import annotations

import numpy as np

from ...spikes.spike_trains import SpikeTrains


def compute_at_ends(
    trains: SpikeTrains, bins: np.ndarray, num_steps: int, dt: float, tau: float, gain: float
) -> np.ndarray:
    """a at the end of each step, (B, num_steps), where a spike of time bin k acts at the start of step k + 1.

    Parameters
    ----------
    trains : B samples with S spikes.
    bins : (S,) time bin of each spike; those from `num_steps` on are left out.
    num_steps, dt : of the trial; ms.
    tau, gain : ms.
    """
    decay = np.exp(-dt / tau)
    kicks = _sum_per_step(trains, bins + 1, num_steps, None) * (gain / tau * decay)
    return _filter(kicks, decay)


def compute_means(
    trains: SpikeTrains, bins: np.ndarray, num_steps: int, dt: float, tau: float, gain: float
) -> np.ndarray:
    """The exact mean of a over each step, (B, num_steps), where a spike acts at its own time inside its bin."""
    decay = np.exp(-dt / tau)
    rest = np.clip((bins + 1) * dt - trains.times.astype(np.float64), 0.0, dt)  # of the step, after the spike
    remaining = np.exp(-rest / tau)
    kicks = _sum_per_step(trains, bins, num_steps, remaining) * (gain / tau)
    ends = _filter(kicks, decay)
    starts = np.concatenate([np.zeros((len(trains), 1)), ends[:, :-1]], axis=1)
    within = _sum_per_step(trains, bins, num_steps, 1.0 - remaining) * (gain / dt)
    return starts * (tau / dt * (1.0 - decay)) + within


def _filter(kicks: np.ndarray, decay: float) -> np.ndarray:
    """y_n = decay y_(n-1) + kicks_n along the steps."""
    import scipy.signal  # only here, as it takes longer to import than all the rest

    return scipy.signal.lfilter([1.0], [1.0, -decay], kicks, axis=1)


def _sum_per_step(trains: SpikeTrains, steps: np.ndarray, num_steps: int, values: np.ndarray | None) -> np.ndarray:
    """(B, num_steps) sums over the spikes of each step: of `values` (S,), or their number."""
    sample = np.repeat(np.arange(len(trains)), np.diff(trains.offsets))
    inside = steps < num_steps
    place = (sample * num_steps + steps)[inside]
    weights = None if values is None else values[inside]
    return np.bincount(place, weights, len(trains) * num_steps).reshape(len(trains), num_steps).astype(np.float64)
