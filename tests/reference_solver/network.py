"""What is simulated: populations, weights, a loss, samples. Only descriptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

Array = np.ndarray
INPUT = "input"
OUTPUT = "output"


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind; every constant is a scalar or a (size,) array.

    A leaky integrator, which never spikes, is a population whose `v_threshold` is infinite.
    """

    size: int
    tau_mem: float | Array = 20.0
    tau_syn: float | Array = 5.0
    v_threshold: float | Array = 1.0
    v_reset: float | Array = 0.0


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss of the output population, for one sample; T is the duration of the trial.

    `name`: `sum`, `sum_linear`, `sum_exp`, `sum_sigmoid`, `sum_weighted`, `max`, `xentropy`, `first_spike`,
    `first_spike_exp`. `weight(t, sample)` is w(t) of `sum_weighted` for sample number `sample`; it is
    integrated by Gauss-Legendre between events, so it may have kinks only where input spikes arrive.

    Logits of the first-spike losses are -t_k / tau_0, with t_k = T for an output that never spikes.

    With `step` = h the integrals (1/T) int f dt become (h/T) sum_n f(n h), n = 1 .. T/h, and the maximum is
    taken over the same instants: what a simulation that reads V on a grid sees of the exact V(t).
    """

    name: str = "sum"
    loss_scale: float = 1.0
    weight: Callable[[Array, int], Array] | None = None
    tau_0: float = 5.0
    tau_1: float = 100.0
    alpha: float = 0.1
    step: float | None = None


@dataclass(frozen=True, eq=False)
class Network:
    """Populations in order, the last one named `output`; weights `source_target` of shape (pre, post).

    A spike of a population reaches its targets `delay` ms later, an input spike `input_delay` ms later.
    """

    num_input: int
    populations: dict[str, Population]
    weights: dict[str, Array]
    duration: float
    loss: Loss = field(default_factory=Loss)
    delay: float = 0.0
    input_delay: float = 0.0

    def __post_init__(self) -> None:
        allowed = {f"{source}_{target}" for source in self.sources for target in self.populations}
        unknown = set(self.weights) - allowed
        if unknown or list(self.populations)[-1] != OUTPUT:
            raise ValueError(f"no such connections: {unknown}, or the last population is not {OUTPUT!r}")

    @property
    def num_neurons(self) -> int:
        return sum(p.size for p in self.populations.values())

    @property
    def neurons(self) -> dict[str, slice]:
        """Where each population lies on an axis of all neurons."""
        ends = np.cumsum([p.size for p in self.populations.values()])
        return {n: slice(e - p.size, e) for (n, p), e in zip(self.populations.items(), ends, strict=True)}

    @property
    def sources(self) -> dict[str, slice]:
        """Where each population lies on an axis of all sources: the inputs, then all neurons."""
        shifted = {n: slice(s.start + self.num_input, s.stop + self.num_input) for n, s in self.neurons.items()}
        return {INPUT: slice(0, self.num_input), **shifted}

    def per_neuron(self, name: str) -> Array:
        """(N,) values of a population's constant for all neurons."""
        values = [np.broadcast_to(getattr(p, name), p.size) for p in self.populations.values()]
        return np.concatenate(values).astype(float)

    def connectivity(self) -> Array:
        """(sources, N): all weights in one matrix."""
        matrix = np.zeros((self.num_input + self.num_neurons, self.num_neurons))
        for source, rows in self.sources.items():
            for target, columns in self.neurons.items():
                weights = self.weights.get(f"{source}_{target}")
                if weights is not None:
                    matrix[rows, columns] = weights
        return matrix


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples: `events[b]` is (times in ms, units); `labels[b]` the class."""

    events: Sequence[tuple[Array, Array]]
    labels: Array

    def __len__(self) -> int:
        return len(self.events)


def get_parameter(network: Network, name: str) -> Array:
    """A weight matrix (`input_hidden`), or `delay`, or by dotted name `hidden.tau_mem` and the like."""
    if name in network.weights:
        return np.asarray(network.weights[name], dtype=float)
    owner, _, attribute = name.rpartition(".")
    holder = network.populations[owner] if owner else network
    return np.asarray(getattr(holder, attribute), dtype=float)


def with_parameter(network: Network, name: str, value: Array | float) -> Network:
    """The network with one parameter replaced; names as in `get_parameter`."""
    if name in network.weights:
        return replace(network, weights={**network.weights, name: np.asarray(value, dtype=float)})
    owner, _, attribute = name.rpartition(".")
    if owner:
        population = replace(network.populations[owner], **{attribute: value})
        return replace(network, populations={**network.populations, owner: population})
    return replace(network, **{attribute: float(value)})
