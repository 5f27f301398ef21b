"""EventProp's adjoint in continuous time, on the exact list of events of a `Record`.

Wunderlich & Pehle, Sci. Rep. 11, 12829 (2021), extended to a reset potential, transmission delays, time
constants of each neuron, impulses, and derivatives with respect to other constants than weights. The sign
convention is theirs: dL/dV = -tau_mem lambda_V and dL/dI = -tau_syn lambda_I. With ' = -d/dt, and lambda = 0
at the end of the trial:

    tau_mem lambda_V' = -lambda_V - dl_V/dV            tau_syn lambda_I' = -lambda_I + lambda_V
    loss that reads V once, at t:       lambda_V -= (dL/dV(t)) / tau_mem
    spike of n arrives, t_k + delay:    X_k = sum_m w_nm (lambda_V - lambda_I)_m, lambda just after arrival
    spike of n at t_k:                  lambda_V_n += ((v_threshold - v_reset) lambda_V_n + X_k + dl_p/dt_k
                                            + l_V(before the reset) - l_V(after)) / (I_n - v_threshold)

    dL/dw_nm        = -tau_syn_m sum over arrivals of n of lambda_I_m
    dL/dtau_mem     = int lambda_V dV/dt dt                     (dV/dt of the flow, without resets)
    dL/dtau_syn     = int lambda_I dI/dt dt = -int lambda_I I / tau_syn dt        (without arrivals)
    dL/dv_threshold = tau_mem sum over own spikes of lambda_V just before the spike
    dL/ddelay       = sum over arrivals of X_k

All integrals are by Gauss-Legendre on short panels: slow, plain, and unlike the solver's closed forms.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np

from tests.reference_solver.lif import Array, advance, psp
from tests.reference_solver.losses import (
    NODE_WEIGHTS,
    NODES,
    cross_entropy,
    first_spike_times,
    loss_weight,
    losses_and_logits,
    maxima,
    on_grid,
)
from tests.reference_solver.network import OUTPUT, Batch, Network
from tests.reference_solver.simulation import Record, simulate

PANEL = 2.0  # ms


def adjoint_gradients(network: Network, batch: Batch) -> dict[str, Array]:
    """Gradients of the batch-mean loss.

    Keys: every weight matrix; `<population>.tau_mem`, `.tau_syn` and `.v_threshold`, each (size,); `delay`.
    """
    record = simulate(network, batch)
    logits = losses_and_logits(record, np.asarray(batch.labels))[1]
    passes = [_Backward(record, b, int(label), logits[b]) for b, label in enumerate(batch.labels)]
    for backward in passes:
        backward.run()
    mean = {key: np.mean([p.gradient[key] for p in passes], axis=0) for key in passes[0].gradient}
    gradients = {"delay": mean["delay"]}
    for source, rows in network.sources.items():
        for target, columns in network.neurons.items():
            if f"{source}_{target}" in network.weights:
                gradients[f"{source}_{target}"] = mean["weights"][rows, columns]
    for name, where in network.neurons.items():
        for constant in ("tau_mem", "tau_syn", "v_threshold"):
            gradients[f"{name}.{constant}"] = mean[constant][where]
    return gradients


class _Backward:
    """The backward pass of one sample: state, and the gradients it accumulates."""

    def __init__(self, record: Record, replica: int, label: int, logits: Array) -> None:
        network = record.network
        self.network, self.loss, self.label, self.sample = network, network.loss, label, replica
        self.k = network.neurons[OUTPUT]
        self.num_sources = record.num_sources
        self.tau_mem, self.tau_syn = record.tau_mem[replica], record.tau_syn[replica]
        self.a, self.b = 1.0 / self.tau_mem, 1.0 / self.tau_syn
        self.theta, self.reset = record.v_threshold[replica], network.per_neuron("v_reset")
        self.start, self.length = record.start[:, replica], record.length[:, replica]
        self.event, self.V, self.I = record.event[:, replica], record.V[:, replica], record.I[:, replica]
        self.weights = network.connectivity()
        self.lambda_v, self.lambda_i = np.zeros(network.num_neurons), np.zeros(network.num_neurons)
        self.gradient = {
            "weights": np.zeros_like(self.weights),
            "tau_mem": np.zeros(network.num_neurons),
            "tau_syn": np.zeros(network.num_neurons),
            "v_threshold": np.zeros(network.num_neurons),
            "delay": np.zeros(()),
        }
        self._match_arrivals_with_spikes()
        self.error = _softmax_error(self.loss.loss_scale, logits, label)  # dL/dlogit
        # By segment: (offset, dL/dV) of impulses; dl_p/dt_k of the spike, dL/dt of the arrival that ends it.
        self.impulses: dict[int, list[tuple[float, Array]]] = defaultdict(list)
        self.spike_term: dict[int, float] = defaultdict(float)
        self.arrival_term: dict[int, float] = defaultdict(float)
        self.is_integral = not self.loss.name.startswith(("first_spike", "max")) and self.loss.step is None
        if self.loss.name.startswith("first_spike"):
            self._spike_time_terms(first_spike_times(record)[replica])
        elif self.loss.step is not None:
            self._grid_impulses(record, replica)
        elif self.loss.name == "max":
            self._maximum_impulses(record, replica)

    def _match_arrivals_with_spikes(self) -> None:
        """`origin`: segment that a hidden spike's arrival ends -> segment that the spike itself ended."""
        fired: dict[int, list[int]] = defaultdict(list)
        self.origin: dict[int, int] = {}
        for segment, event in enumerate(self.event):
            if event >= self.num_sources:
                fired[event - self.num_sources].append(segment)
            elif event >= self.network.num_input:
                self.origin[segment] = fired[event - self.network.num_input].pop(0)
        self.from_targets: dict[int, float] = defaultdict(float)  # the spike's segment -> X_k, 0 if it never arrives

    def _spike_time_terms(self, times: Array) -> None:
        """dl_p/dt_k at first spikes. An output that never spikes sits at T: nothing to inject."""
        loss, late = self.loss, times[self.label]
        # The logits are -t_k / tau_0.
        derivative = -self.error / loss.tau_0
        if loss.name == "first_spike_exp":
            derivative[self.label] += loss.alpha / loss.tau_1 * np.exp(late / loss.tau_1)
        else:
            derivative[self.label] += loss.alpha / (1.01 * self.network.duration - late) ** 2
        seen = set()
        for segment, event in enumerate(self.event):
            output = event - self.num_sources - self.k.start
            if output >= 0 and output not in seen:
                seen.add(output)
                self.spike_term[segment] = derivative[output]

    def _maximum_impulses(self, record: Record, replica: int) -> None:
        """One impulse where each output is largest."""
        top = maxima(record)
        for output, error in enumerate(self.error):
            segment, offset, kind = (x[replica, output] for x in (top.segment, top.offset, top.kind))
            if kind in ("start", "spike"):
                continue  # V = 0 at t = 0 and V = v_threshold at a spike, whatever the weights
            unit = np.zeros(len(self.lambda_v))
            unit[self.k.start + output] = error
            self.impulses[segment].append((offset, unit))
            if kind == "kink":
                # The maximum is where an inhibitory spike arrives and moves with it, up the slope before it.
                n = self.k.start + output
                v, i = self._state(segment, np.array(offset))
                self.arrival_term[segment] += error * self.a[n] * (i[n] - v[n])

    def _grid_impulses(self, record: Record, replica: int) -> None:
        """Impulses of a loss that reads V at instants h, 2h, .. T."""
        t, potentials = on_grid(record, self.loss.step)
        v = potentials[replica]
        share = self.loss.step / self.network.duration
        if self.loss.name == "xentropy":
            derivative = share * _softmax_error(self.loss.loss_scale, v, self.label)
        elif self.loss.name == "max":
            derivative = self.error * (np.arange(len(t))[:, None] == v.argmax(axis=0))
        else:
            w = loss_weight(self.loss, t, np.full(t.shape, self.sample), self.network.duration)
            derivative = share * self.error * w[:, None]
        for instant, row in zip(t, derivative, strict=True):
            segment = np.searchsorted(self.start, instant, side="left") - 1
            unit = np.zeros(len(self.lambda_v))
            unit[self.k] = row
            self.impulses[segment].append((instant - self.start[segment], unit))

    def _state(self, segment: int, offset: Array) -> tuple[Array, Array]:
        """(V, I) of all neurons at offsets (...), each (..., N)."""
        return advance(self.V[segment], self.I[segment], offset[..., None], self.a, self.b)

    def _source(self, segment: int, offset: Array) -> Array:
        """dl_V/dV (..., N) at offsets (...), of losses that are integrals."""
        source = np.zeros((*offset.shape, len(self.lambda_v)))
        scale, duration = self.loss.loss_scale, self.network.duration
        if not self.is_integral:
            return source
        if self.loss.name == "xentropy":
            v = self._state(segment, offset)[0][..., self.k]
            source[..., self.k] = _softmax_error(scale, v, self.label) / duration
        else:
            w = loss_weight(self.loss, self.start[segment] + offset, np.full(offset.shape[:1], self.sample), duration)
            source[..., self.k] = self.error * w[..., None] / duration
        return source

    def run(self) -> None:
        for segment in reversed(range(len(self.event))):
            event = self.event[segment]
            if event >= self.num_sources:
                self._spike(segment, event - self.num_sources)
            elif event >= 0:
                self._arrival(segment, event)
            self._segment(segment)

    def _arrival(self, segment: int, source: int) -> None:
        self.gradient["weights"][source] -= self.tau_syn * self.lambda_i
        x = self.weights[source] @ (self.lambda_v - self.lambda_i) + self.arrival_term[segment]
        if segment in self.origin:
            self.gradient["delay"] += x
            self.from_targets[self.origin[segment]] = x

    def _spike(self, segment: int, n: int) -> None:
        slope = self.I[segment + 1, n] - self.theta[n]
        jump = (self.theta[n] - self.reset[n]) * self.lambda_v[n]
        jump += self.from_targets[segment] + self.spike_term[segment] + self._loss_across_reset(segment, n)
        self.lambda_v[n] += jump / slope
        self.gradient["v_threshold"][n] += self.tau_mem[n] * self.lambda_v[n]

    def _loss_across_reset(self, segment: int, n: int) -> float:
        """l_V before the reset minus l_V after it; only an output's reset changes the integrand."""
        if n < self.k.start or not self.is_integral:
            return 0.0
        end = np.array([self.length[segment]])
        if self.loss.name != "xentropy":
            return float(self._source(segment, end)[0, n] * (self.theta[n] - self.reset[n]))
        before = self._state(segment, end)[0][0, self.k]
        after = before.copy()
        after[n - self.k.start] = self.reset[n]
        costs = cross_entropy(self.loss.loss_scale * np.array([before, after]), np.array([self.label] * 2))
        return float(costs[0] - costs[1]) / self.network.duration

    def _segment(self, segment: int) -> None:
        """From the end of a segment to its beginning."""
        position = self.length[segment]
        for offset, impulse in sorted(self.impulses[segment], key=lambda pair: -pair[0]):
            self._flow(segment, offset, position)
            self.lambda_v -= impulse * self.a
            position = offset
        self._flow(segment, 0.0, position)

    def _flow(self, segment: int, low: float, high: float) -> None:
        """From offset `high` to offset `low`, in panels, where nothing but the loss's integrand acts."""
        edges = np.linspace(high, low, 1 + int(np.ceil((high - low) / PANEL)))
        for end, begin in pairwise(edges):
            width = end - begin
            offsets = end - width * NODES
            lambda_v, lambda_i = self._adjoint_at(segment, end, width * NODES)
            v, i = self._state(segment, offsets)
            self.gradient["tau_mem"] += width * NODE_WEIGHTS @ (lambda_v * self.a * (i - v))
            self.gradient["tau_syn"] -= width * NODE_WEIGHTS @ (lambda_i * self.b * i)
            lambda_v, lambda_i = self._adjoint_at(segment, end, np.array([width]))
            self.lambda_v, self.lambda_i = lambda_v[0], lambda_i[0]

    def _adjoint_at(self, segment: int, end: float, r: Array) -> tuple[Array, Array]:
        """(lambda_V, lambda_I), each (R, N), at times r (R,) before `end`, the place they have reached."""
        a, b, r = self.a, self.b, r[:, None]
        lambda_v = self.lambda_v * np.exp(-a * r)
        lambda_i = self.lambda_i * np.exp(-b * r) + self.lambda_v * psp(r, b, a)
        u = r * NODES  # (R, n) times before `end` at which the integrand is read
        source = self._source(segment, end - u)
        weight = (r * NODE_WEIGHTS)[..., None] * a * source
        distance = (r - u)[..., None]
        return (
            lambda_v - (weight * np.exp(-a * distance)).sum(axis=1),
            lambda_i - (weight * psp(distance, b, a)).sum(axis=1),
        )


def _softmax_error(scale: float, logits: Array, label: int) -> Array:
    """Derivative of cross_entropy(scale * logits, label) with respect to the logits (..., C)."""
    p = np.exp(scale * (logits - logits.max(axis=-1, keepdims=True)))
    p /= p.sum(axis=-1, keepdims=True)
    p[..., label] -= 1.0
    return scale * p
