"""The low-pass filtered input activity of a sample, for losses with this weight.

    tau a' = -a + gain sum_k delta(t - t_k)         a(0) = 0

over all input spikes t_k of the sample, of all channels: each raises a by gain / tau. For a constant rate, a tends to
gain times the number of input spikes per ms. As it depends only on the input, it has no gradient.

Nowotny, Turner & Knight (2025) use Euler steps a += (J - a) dt / tau with J = 0.01 for each spike of a step, so a spike
raises a by 0.01 dt / tau. At their dt = 1 ms this is the equation above with gain = 0.01 ms, independent of dt.
"""

from __future__ import annotations

import numpy as np

from ...spikes.spike_trains import SpikeTrains


def compute_at_ends(
    trains: SpikeTrains, bins: np.ndarray, num_steps: int, dt: float, tau: float, gain: float
) -> np.ndarray:
    """Compute a at the end of each step, (B, num_steps); a spike of time bin k acts at the start of step k + 1.

    Parameters
    ----------
    trains : B samples with S spikes.
    bins : (S,) time bin of each spike; those from `num_steps` on are left out.
    num_steps, dt : number of steps in a trial, and time step, ms.
    tau, gain : constants of the equation, ms.
    """
    decay = np.exp(-dt / tau)
    kicks = _sum_per_step(trains, bins + 1, num_steps, None) * (gain / tau * decay)
    return _filter(kicks, decay)


def compute_means(
    trains: SpikeTrains, bins: np.ndarray, num_steps: int, dt: float, tau: float, gain: float
) -> np.ndarray:
    """Compute the exact mean of a over each step, (B, num_steps); a spike acts at its own time within its bin."""
    decay = np.exp(-dt / tau)
    rest = np.clip((bins + 1) * dt - trains.times.astype(np.float64), 0.0, dt)  # of the step, after the spike
    remaining = np.exp(-rest / tau)
    kicks = _sum_per_step(trains, bins, num_steps, remaining) * (gain / tau)
    ends = _filter(kicks, decay)
    starts = np.concatenate([np.zeros((len(trains), 1)), ends[:, :-1]], axis=1)
    within = _sum_per_step(trains, bins, num_steps, 1.0 - remaining) * (gain / dt)
    return starts * (tau / dt * (1.0 - decay)) + within


def _filter(kicks: np.ndarray, decay: float) -> np.ndarray:
    """Compute y_n = decay y_(n-1) + kicks_n along the steps."""
    import scipy.signal  # imported here, as this takes long

    return scipy.signal.lfilter([1.0], [1.0, -decay], kicks, axis=1)


def _sum_per_step(trains: SpikeTrains, steps: np.ndarray, num_steps: int, values: np.ndarray | None) -> np.ndarray:
    """Sum `values` (S,), or count, over the spikes of each step, (B, num_steps)."""
    sample = np.repeat(np.arange(len(trains)), np.diff(trains.offsets))
    inside = steps < num_steps
    place = (sample * num_steps + steps)[inside]
    weights = None if values is None else values[inside]
    return np.bincount(place, weights, len(trains) * num_steps).reshape(len(trains), num_steps).astype(np.float64)
