"""Small random networks and samples on which gradients of a simulation can be judged.

What makes one fit for that: every spike crosses the threshold steeply, no maximum stays just below it, nothing
fires in the trial's last moment, and every neuron spikes. `grazing_problem` is the opposite, on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests.reference_solver.evaluation import threshold_margins
from tests.reference_solver.lif import Array, peak_offset, psp
from tests.reference_solver.losses import maxima
from tests.reference_solver.network import INPUT, OUTPUT, Batch, Loss, Network, Population
from tests.reference_solver.simulation import Record, simulate

CANDIDATES = 64
ROUNDS = 100


def random_problem(
    seed: int = 0,
    sizes: Sequence[int] = (8, 6, 3),
    recurrent: bool | Sequence[bool] = True,
    loss: Loss | None = None,
    *,
    num_samples: int = 3,
    num_input_spikes: int = 16,
    duration: float = 80.0,
    tau_mem: float | Array = 20.0,
    tau_syn: float | Array = 5.0,
    delay: float = 0.0,
    spiking_output: bool = False,
    min_steepness: float = 0.5,
    min_margin: float = 0.02,
    min_spikes: int = 3,
    resolution: float = 2.0**-6,
) -> tuple[Network, Batch]:
    """Draw a network (inputs, hidden sizes, outputs) and samples, the same for the same arguments.

    Guaranteed over all samples: I - V > `min_steepness` at every spike; every local maximum of V without a
    spike stays `min_margin` below the threshold; no spike in the last millisecond; every hidden neuron fires
    `min_spikes` times; a spiking output fires in every sample; the maximum of a leaky-integrator output is
    positive and smooth (no kink, see `Maxima`). Input times are distinct multiples of `resolution`, exact in
    float32, between 2 ms and 60 % of the trial.

    `tau_mem` and `tau_syn`: of all populations, scalars or arrays over all neurons (hidden, then outputs).
    """
    rng = np.random.default_rng(seed)
    shell = _silent_network(sizes, loss or Loss(), duration, tau_mem, tau_syn, delay, spiking_output)
    recurrences = [recurrent] * (len(sizes) - 2) if isinstance(recurrent, bool) else list(recurrent)
    names = [INPUT, *shell.populations]
    for _ in range(ROUNDS):
        batch = _random_batch(rng, sizes[0], sizes[-1], num_samples, num_input_spikes, duration, resolution)
        network: Network | None = shell
        # One population after the other: those further down have no weights yet and cannot disturb.
        for source, target, recurs in zip(names, names[1:], [*recurrences, False], strict=False):
            candidates = [_draw(rng, network, source, target, recurs) for _ in range(CANDIDATES)]
            record = simulate(candidates, batch)
            good = _is_fit(record, target, min_steepness, min_margin, min_spikes)
            network = candidates[int(np.argmax(good))] if good.any() else None
            if network is None:
                break
        else:
            return network, batch
    raise RuntimeError(f"no fit network in {ROUNDS} x {CANDIDATES} draws; relax the conditions")


def grazing_problem(slope: float = 0.01, loss: Loss | None = None) -> tuple[Network, Batch]:
    """One input, a hidden neuron that grazes its threshold with I - V about `slope`, two integrating outputs.

    The input spikes once, at 4 ms. At the smallest weight that makes a spike I - V is 0, and it grows as the
    square root of what the weight has above that: there the spike's time and the loss have infinite slopes.
    """
    tau_mem, tau_syn, duration = 20.0, 5.0, 60.0
    a, b = (np.array(1.0 / tau) for tau in (tau_mem, tau_syn))
    peak = peak_offset(np.array(0.0), np.array(1.0), a, b)
    # Near its peak V = 1 + excess - curvature s^2 / 2, with V'' = I' / tau_mem there.
    curvature = a * b
    weight = (1.0 + (slope * a) ** 2 / (2.0 * curvature)) / psp(peak, a, b)
    network = _silent_network((1, 1, 2), loss or Loss(), duration, tau_mem, tau_syn, 0.0, False)
    network = replace(network, weights={"input_hidden": np.array([[weight]]), "hidden_output": np.array([[1.0, 0.5]])})
    return network, Batch([(np.array([4.0]), np.array([0]))], np.array([0]))


def _silent_network(
    sizes: Sequence[int],
    loss: Loss,
    duration: float,
    tau_mem: float | Array,
    tau_syn: float | Array,
    delay: float,
    spiking_output: bool,
) -> Network:
    """Populations without connections."""
    num_hidden = len(sizes) - 2
    names = ["hidden"] if num_hidden == 1 else [f"hidden{n}" for n in range(num_hidden)]
    thresholds = [1.0] * num_hidden + [1.0 if spiking_output else np.inf]
    ends = np.cumsum(sizes[1:])
    populations = {}
    for name, size, end, theta in zip([*names, OUTPUT], sizes[1:], ends, thresholds, strict=True):
        taus = [tau if np.ndim(tau) == 0 else np.asarray(tau)[end - size : end] for tau in (tau_mem, tau_syn)]
        populations[name] = Population(size, *taus, v_threshold=theta)
    return Network(sizes[0], populations, {}, duration, loss, delay)


def _random_batch(
    rng: np.random.Generator,
    num_input: int,
    num_classes: int,
    num_samples: int,
    num_spikes: int,
    duration: float,
    resolution: float,
) -> Batch:
    grid = np.arange(np.ceil(2.0 / resolution), 0.6 * duration / resolution) * resolution
    events = []
    for _ in range(num_samples):
        times = np.sort(rng.choice(grid, num_spikes, replace=False))
        events.append((times, rng.permutation(np.arange(num_spikes) % num_input)))
    return Batch(events, rng.permutation(np.arange(num_samples) % num_classes))


def _draw(rng: np.random.Generator, network: Network, source: str, target: str, recurrent: bool) -> Network:
    """The network with random weights from `source` to `target`, and within `target` if it is recurrent."""
    num_pre = network.num_input if source == INPUT else network.populations[source].size
    size = network.populations[target].size
    # Few strong spikes make steep crossings.
    mean, spread = (2.0, 2.0) if source == INPUT else (1.0, 1.0)
    weights = {**network.weights, f"{source}_{target}": rng.normal(mean, spread, (num_pre, size))}
    if recurrent:
        weights[f"{target}_{target}"] = rng.normal(0.0, 1.2 / np.sqrt(size), (size, size))
    return replace(network, weights=weights)


def _is_fit(record: Record, target: str, min_steepness: float, min_margin: float, min_spikes: int) -> Array:
    """(P,) whether each candidate network meets the conditions on its populations up to `target`."""
    counts = record.spike_counts()[:, record.network.neurons[target]]
    times, _, replica, _ = record.spikes()
    slopes, last = np.full(len(counts), np.inf), np.zeros(len(counts))
    np.minimum.at(slopes, replica, record.spike_slopes())
    np.maximum.at(last, replica, times)
    fit = (slopes > min_steepness) & (threshold_margins(record) > min_margin) & (last < record.duration - 1.0)
    shape = (-1, record.num_samples)
    if target != OUTPUT:
        totals = counts.reshape(*shape, counts.shape[1]).sum(axis=1)
        return fit.reshape(shape).all(axis=1) & (totals >= min_spikes).all(axis=1)
    if np.isfinite(record.network.populations[OUTPUT].v_threshold):
        fit &= np.all(counts > 0, axis=1)
    else:
        top = maxima(record)
        fit &= np.all((top.kind == "smooth") & (top.value > 0.0), axis=1)
    return fit.reshape(shape).all(axis=1)
