"""Gradients of the native back end's grid scheme against the event-driven solver, over time steps.

Both sides see the same spikes at the same times. On the grid an input spike of time bin k acts at the start of step
k + 1, so inputs lie on multiples of 1 ms and reach the toolkit one step early. A hidden spike found at the end of
step n acts at the start of step n + 1, which is the same time, and the voltages of step n belong to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from genn_shd import Network, SpikeTrains, compile_network
from genn_shd.models import recurrent_classifier
from tests import reference_solver as reference
from tests.reference_solver.network import OUTPUT

Gradients = dict[str, np.ndarray]

VOLTAGE_LOSSES = tuple(
    reference.Loss(name, loss_scale=3.0) for name in ("sum", "sum_linear", "sum_exp", "sum_sigmoid", "max", "xentropy")
)
SPIKE_LOSSES = (
    reference.Loss("first_spike_exp", tau_0=5.0, tau_1=30.0, alpha=0.1),
    reference.Loss("first_spike", tau_0=5.0, alpha=0.1),
)
LOSSES = {loss.name: loss for loss in (*VOLTAGE_LOSSES, *SPIKE_LOSSES)}


@dataclass(frozen=True, eq=False)
class InputActivity:
    """The weight of `sum_input` in continuous time: tau a' = -a + gain sum_k delta(t - t_k)."""

    batch: reference.Batch
    tau_input: float = 8.0
    input_gain: float = 2.0

    def __call__(self, t: np.ndarray, sample: int) -> np.ndarray:
        since = np.asarray(t)[..., None] - self.batch.events[sample][0]
        return self.input_gain / self.tau_input * (np.exp(-np.abs(since) / self.tau_input) * (since >= 0)).sum(axis=-1)


def input_loss(batch: reference.Batch, **changes: float) -> reference.Loss:
    """`sum_input` for these samples."""
    return reference.Loss("sum_weighted", loss_scale=3.0, weight=InputActivity(batch, **changes))


NUM_INPUT, NUM_CLASSES, DURATION = 6, 3, 60.0
SAMPLES_DRAWN, SAMPLES_KEPT, SPIKES_PER_SAMPLE = 64, 4, 10
MAX_DRAWS = 2000


@dataclass(frozen=True)
class Conditions:
    """What a network and its samples must be like for a grid of 0.01 ms to resolve them. Only the solver is asked.

    Attributes
    ----------
    steepness : least I - V at a spike; a spike that grazes its threshold has no derivative.
    margin : least distance from the threshold of a maximum of V that is no spike.
    gap : least time between two spikes of a sample, ms. Two spikes in one step cannot act on each other as they should.
    sensitivity : most relative change of a gradient, per relative change of the thresholds. A grid finds a spike
        when V has passed the threshold by part of a step, which is as if the threshold were that much higher.
    """

    steepness: float = 0.5
    margin: float = 0.02
    gap: float = 0.1
    sensitivity: float = 15.0


def problem(
    seed: int,
    hidden: Sequence[int] = (6,),
    losses: Sequence[reference.Loss] = VOLTAGE_LOSSES,
    conditions: Conditions | None = None,
    unfit: int = 0,
) -> tuple[reference.Network, reference.Batch]:
    """A random network, recurrent in every layer, and samples that meet the conditions under all these losses.

    `losses` are all of voltages or all of spikes: whether outputs spike depends on it. The first `unfit` draws are
    passed over, which saves asking the solver about them again.
    """
    rng, conditions = np.random.default_rng(seed), conditions or Conditions()
    for draw in range(MAX_DRAWS):
        network, batch = _network(rng, hidden, losses[0]), _samples(rng)
        if draw < unfit:
            continue
        kept = np.flatnonzero(_fit(reference.simulate(network, batch), conditions))[:SAMPLES_KEPT]
        if len(kept) < SAMPLES_KEPT:
            continue
        batch = reference.Batch([batch.events[b] for b in kept], np.arange(SAMPLES_KEPT) % NUM_CLASSES)
        if _all_fire(network, batch) and all(
            sensitivity(replace(network, loss=loss), batch) < conditions.sensitivity for loss in losses
        ):
            return network, batch
    raise RuntimeError(f"no network fit for it in {MAX_DRAWS} draws; relax the conditions")


def sensitivity(network: reference.Network, batch: reference.Batch, step: float = 1e-4) -> float:
    """Relative change of the gradient per relative change of all thresholds; the largest over weight matrices."""
    populations = {name: replace(p, v_threshold=p.v_threshold * (1 + step)) for name, p in network.populations.items()}
    before = reference.adjoint_gradients(network, batch)
    after = reference.adjoint_gradients(replace(network, populations=populations), batch)
    return max(relative_error(after[name], before[name]) for name in network.weights) / step


def reference_gradients(network: reference.Network, batch: reference.Batch) -> Gradients:
    """Central differences of the event-driven solver, for every weight."""
    return {name: reference.finite_difference_gradient(network, batch, name) for name in network.weights}


def described(network: reference.Network) -> Network:
    """The toolkit's description of a reference network."""
    hidden = [name for name in network.populations if name != OUTPUT]
    first, output = network.populations[hidden[0]], network.populations[OUTPUT]
    loss, name = network.loss, network.loss.name
    values = {"tau_0": loss.tau_0, "alpha": loss.alpha} if name.startswith("first_spike") else {}
    if name == "first_spike_exp":
        values["tau_1"] = loss.tau_1
    if isinstance(loss.weight, InputActivity):
        name, values = "sum_input", {"tau_input": loss.weight.tau_input, "input_gain": loss.weight.input_gain}
    return recurrent_classifier(
        network.num_input,
        [network.populations[name].size for name in hidden],
        output.size,
        recurrent=[f"{name}_{name}" in network.weights for name in hidden],
        loss=name,
        loss_scale=loss.loss_scale,
        loss_values=values,
        tau_mem=float(first.tau_mem),
        tau_syn=float(first.tau_syn),
        output_tau_mem=float(output.tau_mem),
        output_tau_syn=float(output.tau_syn),
    )


def native_gradients(network: reference.Network, batch: reference.Batch, dt: float) -> Gradients:
    """Of the native back end on the grid, in float64; inputs reach it one step early, as they act one step late."""
    events = [(np.asarray(times) - dt, units) for times, units in batch.events]
    return gradients_in_scheme(network, reference.Batch(events, batch.labels), dt, "grid")


def gradients_in_scheme(network: reference.Network, batch: reference.Batch, dt: float, scheme: str) -> Gradients:
    """Of the native back end in a scheme, in float64, for events as they stand."""
    trains = SpikeTrains.from_events(batch.events, labels=batch.labels, num_units=network.num_input)
    with compile_network(
        described(network),
        batch_size=len(trains),
        dt=dt,
        duration=network.duration,
        precision="float64",
        num_threads=1,
        scheme=scheme,
    ) as model:
        model.set_parameters(network.weights)
        return model.gradient(trains).gradients


def relative_error(gradient: np.ndarray, expected: np.ndarray) -> float:
    """Norm of the difference over the norm of what is expected."""
    return float(np.linalg.norm(gradient - expected) / np.linalg.norm(expected))


def relative_errors(network: reference.Network, batch: reference.Batch, steps: Sequence[float]) -> Gradients:
    """Connection -> (steps,) relative error of its gradient at each time step, ms."""
    expected = reference_gradients(network, batch)
    found = [native_gradients(network, batch, dt) for dt in steps]
    return {name: np.array([relative_error(g[name], expected[name]) for g in found]) for name in expected}


def order(steps: Sequence[float], errors: np.ndarray) -> float:
    """Slope of a straight line through log error over log time step: 1 where the error falls in proportion."""
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


def _network(rng: np.random.Generator, hidden: Sequence[int], loss: reference.Loss) -> reference.Network:
    names = ["hidden"] if len(hidden) == 1 else [f"hidden{n}" for n in range(len(hidden))]
    spiking_output = loss.name.startswith("first_spike")
    populations = {name: reference.Population(size, tau_syn=10.0) for name, size in zip(names, hidden, strict=True)}
    populations[OUTPUT] = reference.Population(NUM_CLASSES, tau_syn=10.0, v_threshold=1.0 if spiking_output else np.inf)
    weights, source, num_source = {}, "input", NUM_INPUT
    for name, size in zip(names, hidden, strict=True):
        weights[f"{source}_{name}"] = rng.normal(0.8, 0.4, (num_source, size))
        weights[f"{name}_{name}"] = rng.normal(0.0, 0.15, (size, size))
        source, num_source = name, size
    mean, spread = (0.8, 0.4) if spiking_output else (0.5, 1.0)
    weights[f"{source}_{OUTPUT}"] = rng.normal(mean, spread, (num_source, NUM_CLASSES))
    return reference.Network(NUM_INPUT, populations, weights, DURATION, loss)


def _samples(rng: np.random.Generator) -> reference.Batch:
    """Input spikes at distinct whole milliseconds of the first half."""
    milliseconds = np.arange(2.0, DURATION / 2)
    units = np.arange(SPIKES_PER_SAMPLE) % NUM_INPUT
    events = [
        (np.sort(rng.choice(milliseconds, SPIKES_PER_SAMPLE, replace=False)), rng.permutation(units))
        for _ in range(SAMPLES_DRAWN)
    ]
    return reference.Batch(events, np.arange(SAMPLES_DRAWN) % NUM_CLASSES)


def _fit(record: reference.Record, conditions: Conditions) -> np.ndarray:
    """(B,) whether each sample meets the conditions that can be told from the spikes."""
    times, _, sample, _ = record.spikes()
    slopes, last = np.full(record.num_replicas, np.inf), np.zeros(record.num_replicas)
    np.minimum.at(slopes, sample, record.spike_slopes())
    np.maximum.at(last, sample, times)
    fit = (slopes > conditions.steepness) & (reference.threshold_margins(record) > conditions.margin)
    fit &= last < record.duration - 1.0
    ordered = np.lexsort((times, sample))
    close = (np.diff(times[ordered]) < conditions.gap) & (np.diff(sample[ordered]) == 0)
    fit[sample[ordered][1:][close]] = False
    if np.isfinite(record.network.populations[OUTPUT].v_threshold):
        return fit & np.all(record.spike_counts()[:, record.output] > 0, axis=1)
    top = reference.maxima(record)
    return fit & np.all((top.kind == "smooth") & (top.value > 0.0), axis=1)


def _all_fire(network: reference.Network, batch: reference.Batch) -> bool:
    """Whether every hidden neuron spikes at least twice."""
    counts = reference.evaluate(network, batch).spike_counts
    return all(np.all(c.sum(axis=0) >= 2) for name, c in counts.items() if name != OUTPUT)
