"""A network of the grid written out step by step, for whatever differentiates it, with a surrogate for spikes.

Shares no code with the library. `Dual` carries derivatives forward; a test hands in PyTorch's tensors instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


class Dual:
    """Numbers (N,) with their derivatives (N, P) by P parameters."""

    __array_priority__ = 1000

    def __init__(self, value: np.ndarray, by: np.ndarray) -> None:
        self.value, self.by = value, by

    @staticmethod
    def lift(x: Any, like: Dual) -> Dual:
        if isinstance(x, Dual):
            return x
        value = np.asarray(x, float)
        return Dual(value, np.zeros((*value.shape, like.by.shape[-1])))

    def __add__(self, other: Any) -> Dual:
        other = Dual.lift(other, self)
        return Dual(self.value + other.value, self.by + other.by)

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.by)

    def __sub__(self, other: Any) -> Dual:
        return self + -Dual.lift(other, self)

    def __rsub__(self, other: Any) -> Dual:
        return -self + other

    def __mul__(self, other: Any) -> Dual:
        other = Dual.lift(other, self)
        return Dual(self.value * other.value, self.by * other.value[..., None] + other.by * self.value[..., None])

    __rmul__ = __mul__

    def map(self, value: np.ndarray, slope: np.ndarray) -> Dual:
        return Dual(value, self.by * slope[..., None])

    def sum(self) -> Dual:
        return Dual(self.value.sum(), self.by.sum(axis=0))

    def __getitem__(self, index: Any) -> Dual:
        return Dual(self.value[index], self.by[index])

    def log_sum_exp(self) -> Dual:
        largest = self.value.max()
        terms = np.exp(self.value - largest)
        return Dual(np.log(terms.sum()) + largest, (self.by * (terms / terms.sum())[:, None]).sum(axis=0))

    def detach(self) -> Dual:
        return Dual(self.value, np.zeros_like(self.by))

    def spike(self, surrogate: Callable[[np.ndarray], np.ndarray]) -> Dual:
        return self.map((self.value >= 0).astype(float), surrogate(self.value))


@dataclass
class SurrogateNetwork:
    """LIF neurons in layers, hidden ones with an adaptive threshold where that is asked for; leaky outputs."""

    layers: list[tuple[str, int]]
    dt: float
    num_steps: int
    surrogate: Callable[[Any], Any]
    tau_mem: dict[str, float]
    tau_syn: dict[str, float]
    tau_adapt: float = 100.0
    increment: float = 0.0
    detached: bool = True
    resets: bool = True
    local: bool = False  # what a hidden neuron's spikes do to hidden neurons is not differentiated, as in e-prop
    spike: Callable[[Any, Callable[[Any], Any]], Any] = Dual.spike
    feedback: np.ndarray | None = None  # (hidden, outputs): stands for the weights where spikes are differentiated

    def run(
        self, weights: dict[str, Any], zeros: Callable[[int], Any], spikes_in: np.ndarray
    ) -> tuple[list[Any], dict]:
        """Voltages of the outputs after every step, and the sum over steps of the spikes of each hidden layer.

        weights : connection -> list of rows, one for each neuron that sends.
        spikes_in : (steps, inputs), spikes that arrive at the start of each step.
        """
        v, i, a = ({name: zeros(size) for name, size in self.layers} for _ in range(3))
        z = {name: zeros(size) for name, size in self.layers}
        counts = {name: zeros(size) for name, size in self.layers}
        voltages = []
        for step in range(self.num_steps):
            sent = {name: z[name] for name, _ in self.layers}
            for connection, rows in weights.items():
                source, target = connection.split("_")
                for k, row in enumerate(rows):
                    if source == "input":
                        if spikes_in[step, k]:
                            i[target] = i[target] + spikes_in[step, k] * row
                    else:
                        one = sent[source][k]
                        if self.local and target != "output":
                            one = one.detach()
                        if target == "output" and self.feedback is not None:
                            i[target] = i[target] + (one - one.detach()) * self.feedback[k]
                            one = one.detach()
                        i[target] = i[target] + one * row
            for name, _ in self.layers:
                tm, ts = self.tau_mem[name], self.tau_syn[name]
                alpha, beta = np.exp(-self.dt / tm), np.exp(-self.dt / ts)
                v[name] = alpha * v[name] + ts / (tm - ts) * (alpha - beta) * i[name]
                if name != "output":
                    a[name] = np.exp(-self.dt / self.tau_adapt) * a[name]
                    z[name] = self.spike(v[name] - a[name] - 1.0, self.surrogate)
                    reset = z[name].detach() if self.detached else z[name]
                    if self.resets:
                        v[name] = v[name] * (1.0 - reset)
                    a[name] = a[name] + self.increment * z[name]
                    counts[name] = counts[name] + z[name]
                i[name] = beta * i[name]
            voltages.append(v["output"])
        return voltages, counts
