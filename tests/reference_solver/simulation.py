"""Event-driven simulation of many replicas at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.reference_solver.lif import Array, advance, first_crossing
from tests.reference_solver.network import OUTPUT, Batch, Network

MAX_EVENTS = 10_000


@dataclass(frozen=True, eq=False)
class Record:
    """What R replicas did: replica r = p * B + b is network p with sample b.

    Replica r is in segment j from `start[j, r]` for `length[j, r]`; (`V`, `I`)[j, r] is its state when the
    segment begins, after what happened at that instant. `event[j, r]` ends the segment: -1 the trial's end
    (later segments have length 0), m < sources the arrival of a spike of source m, sources + n the spike of
    neuron n.
    """

    network: Network  # the first one; its sizes, duration and loss hold for all
    num_samples: int
    start: Array  # (S, R)
    length: Array  # (S, R)
    event: Array  # (S, R) int
    V: Array  # (S, R, N)
    I: Array  # (S, R, N)  # noqa: E741
    tau_mem: Array  # (R, N)
    tau_syn: Array  # (R, N)
    v_threshold: Array  # (R, N)

    @property
    def num_replicas(self) -> int:
        return self.start.shape[1]

    @property
    def num_sources(self) -> int:
        return self.network.num_input + self.network.num_neurons

    @property
    def duration(self) -> float:
        return self.network.duration

    @property
    def output(self) -> slice:
        """The outputs on an axis of all neurons."""
        return self.network.neurons[OUTPUT]

    def rates(self) -> tuple[Array, Array]:
        """(1 / tau_mem, 1 / tau_syn), each (R, N)."""
        return 1.0 / self.tau_mem, 1.0 / self.tau_syn

    def spikes(self) -> tuple[Array, Array, Array, Array]:
        """Time, neuron, replica of every spike and the segment it ends, each (spikes,), ordered by segment."""
        segment, replica = np.nonzero(self.event >= self.num_sources)
        time = self.start[segment, replica] + self.length[segment, replica]
        return time, self.event[segment, replica] - self.num_sources, replica, segment

    def spike_counts(self) -> Array:
        """(R, N) spikes of each neuron."""
        counts = np.zeros(self.tau_mem.shape, dtype=int)
        _, neuron, replica, _ = self.spikes()
        np.add.at(counts, (replica, neuron), 1)
        return counts

    def spike_slopes(self) -> Array:
        """(spikes,) I - V when V reaches the threshold, that is tau_mem V'."""
        _, neuron, replica, segment = self.spikes()
        # I is continuous at an own spike, and a segment that ends with a spike is never the last one.
        return self.I[segment + 1, replica, neuron] - self.v_threshold[replica, neuron]


def simulate(networks: Network | Sequence[Network], batch: Batch) -> Record:
    """Run every network (all of the same sizes and duration) on every sample."""
    networks = [networks] if isinstance(networks, Network) else list(networks)
    replicas = _Replicas(networks, batch)
    segments = [replicas.next_segment()]
    while np.any(segments[-1][2] >= 0):
        if len(segments) > MAX_EVENTS:
            raise RuntimeError(f"more than {MAX_EVENTS} events in a replica: its activity explodes")
        replicas.apply(*segments[-1][1:3])
        segments.append(replicas.next_segment())
    start, length, event, v, i = (np.stack(values) for values in zip(*segments, strict=True))
    return Record(
        network=networks[0],
        num_samples=len(batch),
        start=start,
        length=length,
        event=event,
        V=v,
        I=i,
        tau_mem=1.0 / replicas.a,
        tau_syn=1.0 / replicas.b,
        v_threshold=replicas.theta,
    )


class _Replicas:
    """The present state of all replicas, each at its own time, and what lies ahead of it."""

    def __init__(self, networks: list[Network], batch: Batch) -> None:
        sample = np.tile(np.arange(len(batch)), len(networks))
        self.which = np.repeat(np.arange(len(networks)), len(batch))  # (R,) network of each replica
        self.rows = np.arange(len(sample))
        self.duration, self.num_input = networks[0].duration, networks[0].num_input
        constants = ("tau_mem", "tau_syn", "v_threshold", "v_reset")
        tau_mem, tau_syn, self.theta, self.reset = (
            np.stack([network.per_neuron(name) for network in networks])[self.which] for name in constants
        )
        if np.any(self.theta <= 0.0) or np.any(self.reset >= self.theta):
            raise ValueError("v_threshold must be positive and above v_reset")
        self.a, self.b = 1.0 / tau_mem, 1.0 / tau_syn
        self.weights = np.stack([network.connectivity() for network in networks])
        self.delay, input_delay = (
            np.array([getattr(network, name) for network in networks])[self.which] for name in ("delay", "input_delay")
        )
        times, units = _padded(batch.events)
        self.input_times, self.input_units = times[sample] + input_delay[:, None], units[sample]
        # Spikes arrive in the order in which they were fired, so their list is also the queue of arrivals.
        self.fired_times = np.full((len(sample), 64), np.inf)
        self.fired_units = np.zeros((len(sample), 64), dtype=int)
        self.num_fired, self.num_arrived, self.num_input_arrived = np.zeros((3, len(sample)), dtype=int)
        self.t = np.zeros(len(sample))
        self.v, self.i = np.zeros_like(self.a), np.zeros_like(self.a)

    def next_segment(self) -> tuple[Array, ...]:
        """(start, length, event, V, I) up to the next event, as in `Record`."""
        arrival, source = self._next_arrival()
        crossing = first_crossing(self.v, self.i, self.theta, (arrival - self.t)[:, None], self.a, self.b)
        neuron = np.argmin(crossing, axis=1)
        offset = crossing[self.rows, neuron]
        fires = np.isfinite(offset)
        length = np.where(fires, offset, arrival - self.t)
        event = np.where(fires, self.weights.shape[1] + neuron, source)
        return self.t, length, event, self.v, self.i

    def _next_arrival(self) -> tuple[Array, Array]:
        """(R,) when the next spike arrives, and its source; the trial's end and -1 where none does."""
        from_input = self.input_times[self.rows, self.num_input_arrived]
        from_neuron = self.fired_times[self.rows, self.num_arrived] + self.delay
        arrival = np.minimum(from_input, from_neuron)
        source = np.where(
            from_input <= from_neuron,
            self.input_units[self.rows, self.num_input_arrived],
            self.num_input + self.fired_units[self.rows, self.num_arrived],
        )
        ends = arrival >= self.duration
        return np.where(ends, self.duration, arrival), np.where(ends, -1, source)

    def apply(self, length: Array, event: Array) -> None:
        """Go to the end of the segment and let its event happen."""
        num_sources = self.weights.shape[1]
        fires, arrives = event >= num_sources, (event >= 0) & (event < num_sources)
        neuron, source = event[fires] - num_sources, event[arrives]
        # An arrival's own time, so that rounding cannot build up in sums of lengths.
        self.t = np.where(fires, self.t + length, self._next_arrival()[0])
        self.v, self.i = advance(self.v, self.i, length[:, None], self.a, self.b)
        self.v[fires, neuron] = self.reset[fires, neuron]
        self.i[arrives] += self.weights[self.which[arrives], source]
        self.num_input_arrived += arrives & (event < self.num_input)
        self.num_arrived += arrives & (event >= self.num_input)
        self.fired_times[fires, self.num_fired[fires]] = self.t[fires]
        self.fired_units[fires, self.num_fired[fires]] = neuron
        self.num_fired += fires
        if self.num_fired.max() == self.fired_times.shape[1] - 1:
            self.fired_times = np.concatenate([self.fired_times, np.full_like(self.fired_times, np.inf)], axis=1)
            self.fired_units = np.concatenate([self.fired_units, np.zeros_like(self.fired_units)], axis=1)


def _padded(events: Iterable[tuple[Array, Array]]) -> tuple[Array, Array]:
    """(B, longest + 1) times, sorted and followed by inf, and units."""
    pairs = [(np.asarray(times, dtype=float), np.asarray(units, dtype=int)) for times, units in events]
    width = 1 + max(times.size for times, _ in pairs)
    padded_times = np.full((len(pairs), width), np.inf)
    padded_units = np.zeros((len(pairs), width), dtype=int)
    for row, (times, units) in enumerate(pairs):
        order = np.argsort(times, kind="stable")
        padded_times[row, : times.size] = times[order]
        padded_units[row, : times.size] = units[order]
    return padded_times, padded_units
