"""The grid discretisation written out literally, one step and one neuron population at a time, for tests only.

Follows section 5 of the design: forward order of a step, tape of (step, I - V), adjoint over a step in reverse. Shares
no code with the library. Networks are given as sizes and weights; every population is LIF, hidden ones with an
adaptive threshold where that is asked for, and the output may be a leaky integrator.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from genn_shd import Network, SpikeCountRegularisation


@dataclass
class Grid:
    """A network on the grid: `layers` = [("hidden", 6), ("output", 3)], weights by connection name."""

    layers: list[tuple[str, int]]
    weights: dict[str, np.ndarray]
    tau_mem: dict[str, float]
    tau_syn: dict[str, float]
    loss: str
    dt: float
    num_steps: int
    loss_scale: float = 1.0
    tau_0: float = 1.0
    tau_1: float = 100.0
    alpha: float = 5e-5
    steepness: float = 5.0
    centre: float = 0.5
    tau_adapt: float = 100.0  # of hidden neurons, whose threshold is 1 + A
    increment: float = 0.0
    tau_input: float = 20.0
    input_gain: float = 0.01
    v_reset: float = 0.0
    regularisation: dict[str, SpikeCountRegularisation] = field(default_factory=dict)
    delays: dict[str, np.ndarray] = field(default_factory=dict)  # by connection, (pre, post), ms

    def later(self, connection: str, j: int) -> np.ndarray:
        """Steps by which a spike of row j is later at each target than without a delay."""
        least = 0 if connection.startswith("input_") else 1
        steps = np.floor(self.delays[connection][j] / self.dt + 0.5).astype(int)
        return np.maximum(steps - least, 0)

    def spiking(self, name: str) -> bool:
        return name != "output" or self.loss.startswith("first_spike")

    def coefficients(self, name: str) -> tuple[float, float, float]:
        tm, ts = self.tau_mem[name], self.tau_syn[name]
        alpha, beta = np.exp(-self.dt / tm), np.exp(-self.dt / ts)
        kappa = self.dt / tm * alpha if tm == ts else ts / (tm - ts) * (alpha - beta)
        return alpha, beta, kappa

    def forward(self, times: np.ndarray, units: np.ndarray, label: int) -> dict:
        bins = np.floor(times / self.dt).astype(int)
        v = {n: np.zeros(s) for n, s in self.layers}
        i = {n: np.zeros(s) for n, s in self.layers}
        spikes: dict[str, list[tuple[int, int, float]]] = {n: [] for n, _ in self.layers}
        adaptation = {n: np.zeros(s) for n, s in self.layers}
        voltages = []
        a, activity = 0.0, []
        raised: dict[tuple[str, int, int], float] = {}
        emitted: dict[str, list[int]] = {n: [] for n, _ in self.layers}
        pending = {n: np.zeros((self.num_steps, s)) for n, s in self.layers}
        for step in range(self.num_steps):
            emitted["input"] = list(units[bins == step - 1])
            a = (a + len(emitted["input"]) * self.input_gain / self.tau_input) * np.exp(-self.dt / self.tau_input)
            activity.append(a)
            for key, w in self.weights.items():
                source, target = key.split("_")
                for j in emitted[source]:
                    if key not in self.delays:
                        i[target] += w[j]
                        continue
                    for k, late in enumerate(self.later(key, j)):
                        if step + late < self.num_steps:
                            pending[target][step + late, k] += w[j, k]
            for name, _ in self.layers:
                i[name] = i[name] + pending[name][step]
            now = {}
            for name, _ in self.layers:
                alpha, beta, kappa = self.coefficients(name)
                v[name] = alpha * v[name] + kappa * i[name]
                if self.spiking(name):
                    level = adaptation[name]
                    level *= np.exp(-self.dt / self.tau_adapt)
                    now[name] = np.flatnonzero(v[name] >= 1.0 + level)
                    for j in now[name]:
                        slope = i[name][j] - v[name][j] + self.tau_mem[name] / self.tau_adapt * level[j]
                        spikes[name].append((step, j, slope))
                        raised[name, step, j] = level[j]
                    v[name][now[name]] = self.v_reset
                    level[now[name]] += self.increment if name != "output" else 0.0
                i[name] = beta * i[name]
            emitted = {**emitted, **now}
            voltages.append(v["output"].copy())
        result = self._loss(np.array(voltages), spikes, label, np.array(activity))
        return result | {"spikes": spikes, "raised": raised, "voltages": np.array(voltages)}

    def _softmax(self, x: np.ndarray) -> np.ndarray:
        e = np.exp(self.loss_scale * (x - x.max(-1, keepdims=True)))
        return e / e.sum(-1, keepdims=True)

    def _loss(self, v: np.ndarray, spikes: dict, label: int, activity: np.ndarray) -> dict:
        steps, classes = v.shape[0], v.shape[1]
        t = (np.arange(steps) + 1) * self.dt
        duration = steps * self.dt
        target = np.eye(classes)[label]
        drive, spike_drive = np.zeros((steps, classes)), {}
        penalty = 0.0
        if self.loss.startswith("sum"):
            w = self._weight(t / duration, activity)
            logits = (w[:, None] * v).sum(0) * self.dt / duration
            drive = w[:, None] * self.dt / duration * self.loss_scale * (self._softmax(logits) - target)
        elif self.loss == "max":
            logits, where = v.max(0), v.argmax(0)
            drive[where, np.arange(classes)] = self.loss_scale * (self._softmax(logits) - target)
        elif self.loss == "xentropy":
            logits = v.mean(0)
            p = self._softmax(v)
            drive = self.loss_scale * (p - target) / steps
            return {"logits": logits, "loss": -np.log(p[:, label]).mean(), "drive": drive, "spike_drive": {}}
        else:
            first = np.full(classes, duration)
            for step, j, _ in spikes["output"]:
                first[j] = min(first[j], (step + 1) * self.dt)
            logits = -first / self.tau_0
            error = self.loss_scale * (self._softmax(logits) - target)
            penalty = self._penalty(first[label], duration)[0]
            for k in range(classes):
                late = target[k] * self._penalty(first[k], duration)[1]
                spike_drive[k, first[k]] = late - error[k] / self.tau_0
        loss = -np.log(self._softmax(logits)[label]) + penalty
        return {"logits": logits, "loss": loss, "drive": drive, "spike_drive": spike_drive}

    def _weight(self, u: np.ndarray, activity: np.ndarray) -> np.ndarray:
        """Of the weighted sums, at u = t / T."""
        return {
            "sum": lambda: np.ones_like(u),
            "sum_linear": lambda: 1 - u,
            "sum_exp": lambda: np.exp(-u),
            "sum_input": lambda: activity,
            "sum_sigmoid": lambda: 1 / (1 + np.exp(self.steepness * (u - self.centre))),
        }[self.loss]()

    def _penalty(self, t: float, duration: float) -> tuple[float, float]:
        """On the label's first spike, and its derivative by the time."""
        if self.loss == "first_spike":
            return self.alpha / (1.01 * duration - t), self.alpha / (1.01 * duration - t) ** 2
        return self.alpha * (np.exp(t / self.tau_1) - 1), self.alpha / self.tau_1 * np.exp(t / self.tau_1)

    def backward(
        self, times: np.ndarray, units: np.ndarray, label: int, tape: dict, signals: dict
    ) -> dict[str, np.ndarray]:
        bins = np.floor(times / self.dt).astype(int)
        lv = {n: np.zeros(s) for n, s in self.layers}
        li = {n: np.zeros(s) for n, s in self.layers}
        la = {n: np.zeros(s) for n, s in self.layers}
        gradient = {k: np.zeros_like(w) for k, w in self.weights.items()}
        gradient |= {f"{k}.delay": np.zeros_like(d) for k, d in self.delays.items()}
        seen_v, seen_i = ({n: np.zeros((2 * self.num_steps + 2, s)) for n, s in self.layers} for _ in range(2))
        for step in reversed(range(self.num_steps)):
            spiked = {n: [(j, d) for s, j, d in tape["spikes"][n] if s == step] for n, _ in self.layers}
            feedback = {n: np.zeros(s) for n, s in self.layers}
            for key, w in self.weights.items():
                source, target = key.split("_")
                rows = units[bins == step] if source == "input" else [j for j, _ in spiked[source]]
                for j in rows if key in self.delays else []:
                    at, k = step + 1 + self.later(key, j), np.arange(w.shape[1])
                    gradient[key][j] -= self.tau_syn[target] * seen_i[target][at, k]
                    moved = w[j] * (seen_v[target][at, k] - seen_i[target][at, k])
                    gradient[f"{key}.delay"][j] += moved
                    if source != "input":
                        feedback[source][j] += moved.sum()
                for j in rows if key not in self.delays else []:
                    gradient[key][j] -= self.tau_syn[target] * li[target]
                    if source != "input":
                        feedback[source][j] += w[j] @ (lv[target] - li[target])
            for name, _ in self.layers:
                for j, slope in spiked[name]:
                    drive = tape["spike_drive"].get((j, (step + 1) * self.dt), 0.0) if name == "output" else 0.0
                    # The slope, and V = 1 + A, stand for I; d is the derivative of what follows by its time.
                    ratio, level = self.tau_mem[name] / self.tau_adapt, tape["raised"][name, step, j]
                    current = slope + 1.0 + level - ratio * level
                    increment = self.increment if name != "output" else 0.0
                    d = lv[name][j] * (current - self.v_reset) - la[name][j] * increment + feedback[name][j] + drive
                    lv[name][j] = d / slope
                    la[name][j] -= ratio * d / slope
                    lv[name][j] += signals.get(name, np.zeros(10**4))[j]
            silent = label not in [j for _, j, _ in tape["spikes"]["output"]]
            if step == self.num_steps - 1 and self.spiking("output") and silent:
                duration = self.num_steps * self.dt
                lv["output"][label] += self._penalty(duration, duration)[1]
            # max reads V at the end of a step, an impulse; the integrals drive lambda towards -dl/dV all through it
            settled = np.zeros_like(lv["output"])
            if self.loss == "max":
                lv["output"] -= tape["drive"][step] / self.tau_mem["output"]
            else:
                settled = -tape["drive"][step] / self.dt
            lv["output"] -= settled
            li["output"] -= settled
            for name, _ in self.layers:
                alpha, beta, _ = self.coefficients(name)
                tm, ts = self.tau_mem[name], self.tau_syn[name]
                mix = self.dt / tm * alpha if tm == ts else tm / (tm - ts) * (alpha - beta)
                li[name] = beta * li[name] + mix * lv[name]
                lv[name] = alpha * lv[name]
                la[name] *= np.exp(-self.dt / self.tau_adapt)
            lv["output"] += settled
            li["output"] += settled
            for name, _ in self.layers:
                seen_v[name][step], seen_i[name][step] = lv[name], li[name]
        return gradient

    @staticmethod
    def count_signal(own: np.ndarray, everyone: np.ndarray, rule: SpikeCountRegularisation) -> list[float]:
        counts = own if rule.average == "trial" else everyone.mean(0)
        signal = []
        for count in counts:
            pull = 0.0
            if count > rule.upper:
                pull += rule.strength_upper * (count - rule.upper)
            if count < rule.lower:
                pull += rule.strength_lower * (count - rule.lower)
            if counts.sum() > rule.total_upper:
                pull += rule.strength_total * (counts.sum() - rule.total_upper) / len(counts)
            signal.append(-pull)
        return signal

    def batch(self, samples: list[tuple[np.ndarray, np.ndarray]], labels: list[int]) -> dict:
        tapes = [self.forward(t, u, label) for (t, u), label in zip(samples, labels, strict=True)]
        counts = {
            n: np.array([np.bincount([j for _, j, _ in tape["spikes"][n]], minlength=s) for tape in tapes])
            for n, s in self.layers
            if self.spiking(n)
        }
        signals = {}
        for name, rule in self.regularisation.items():
            signals[name] = [self.count_signal(counts[name][k], counts[name], rule) for k in range(len(samples))]
        parts = [
            self.backward(t, u, label, tape, {name: signal[k] for name, signal in signals.items()})
            for k, ((t, u), label, tape) in enumerate(zip(samples, labels, tapes, strict=True))
        ]
        return {
            "losses": np.array([tape["loss"] for tape in tapes]),
            "logits": np.array([tape["logits"] for tape in tapes]),
            "counts": counts,
            "gradients": {k: np.mean([p[k] for p in parts], axis=0) for k in parts[0]},
        }


def written_out(
    network: Network,
    weights: dict[str, np.ndarray],
    dt: float,
    num_steps: int,
    delays: dict[str, np.ndarray] | None = None,
) -> Grid:
    """A described network on the grid, with these delays, (pre, post) each, by connection."""
    value = {p.name: {n: float(p.find_initial(n)) for n in p.parameters} for p in network.populations[1:]}
    loss_values = {n: network.loss_values.get(n, p.default) for n, p in network.loss.parameters.items()}
    return Grid(
        layers=[(p.name, p.size) for p in network.populations[1:]],
        weights=weights,
        tau_mem={k: v["tau_mem"] for k, v in value.items()},
        tau_syn={k: v["tau_syn"] for k, v in value.items()},
        loss=network.loss.name,
        dt=dt,
        num_steps=num_steps,
        delays=delays or {},
        regularisation={p.name: p.regularisation for p in network.hidden_populations if p.regularisation},
        **loss_values,
    )
