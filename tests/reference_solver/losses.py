"""Losses of the continuous output V(t), evaluated to rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.reference_solver.lif import Array, advance, peak_offset
from tests.reference_solver.network import Loss
from tests.reference_solver.simulation import Record

NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(12)
NODES, NODE_WEIGHTS = 0.5 * (NODES + 1.0), 0.5 * NODE_WEIGHTS
PANEL = 1.0  # ms; 12 nodes on this length leave about 1e-15 for time constants of milliseconds


def cross_entropy(logits: Array, labels: Array) -> Array:
    """-log softmax(logits)[label]; classes on the last axis of `logits`, `labels` of the shape without it."""
    top = logits.max(axis=-1)
    total = top + np.log(np.exp(logits - top[..., None]).sum(axis=-1))
    return total - np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]


def loss_weight(loss: Loss, t: Array, sample: Array, duration: float) -> Array:
    """w(t) of a weighted sum; `sample` has the shape of t's first axis."""
    u = t / duration
    match loss.name:
        case "sum" | "xentropy":
            return np.ones_like(t)
        case "sum_linear":
            return 1.0 - u
        case "sum_exp":
            return np.exp(-u)
        case "sum_sigmoid":
            return 1.0 / (1.0 + np.exp((u - 0.5) / 0.2))
        case "sum_weighted":
            assert loss.weight is not None, "sum_weighted needs a weight"
            weights = np.empty_like(t)
            for number in np.unique(sample):
                weights[sample == number] = loss.weight(t[sample == number], int(number))
            return weights
    raise ValueError(f"unknown loss {loss.name!r}")


def losses_and_logits(record: Record, labels: Array) -> tuple[Array, Array]:
    """(R,) losses and (R, C) logits, before `loss_scale`, of the record's first network's kind of loss."""
    return _losses_and_logits(record, record.network.loss, np.tile(labels, record.num_replicas // len(labels)))


def _losses_and_logits(record: Record, loss: Loss, labels: Array) -> tuple[Array, Array]:
    if loss.name in ("first_spike", "first_spike_exp"):
        times = first_spike_times(record)
        late = times[np.arange(len(labels)), labels]
        if loss.name == "first_spike_exp":
            penalty = loss.alpha * np.expm1(late / loss.tau_1)
        else:
            penalty = loss.alpha / (1.01 * record.duration - late)
        logits = -times / loss.tau_0
        return cross_entropy(loss.loss_scale * logits, labels) + penalty, logits
    if loss.name == "max":
        logits = maxima(record).value if loss.step is None else on_grid(record, loss.step)[1].max(axis=1)
    elif loss.name == "xentropy":
        replica, t, v, weight = _quadrature(record) if loss.step is None else _grid_rule(record, loss.step)
        costs = cross_entropy(loss.loss_scale * v, np.broadcast_to(labels[replica][:, None], t.shape))
        mean = _per_replica(record, replica, weight * costs)
        return mean, _per_replica(record, replica, weight[..., None] * v)
    elif loss.name in ("sum", "sum_exp") and loss.step is None:
        logits = _exponential_mean(record, 0.0 if loss.name == "sum" else 1.0 / record.duration)
    else:
        replica, t, v, weight = _quadrature(record) if loss.step is None else _grid_rule(record, loss.step)
        shape = loss_weight(loss, t, replica % record.num_samples, record.duration)
        logits = _per_replica(record, replica, (weight * shape)[..., None] * v)
    return cross_entropy(loss.loss_scale * logits, labels), logits


def _exponential_mean(record: Record, c: float) -> Array:
    """(R, C): (1/T) int e^(-c t) V dt, in closed form.

    With d/dt (e^(-c t) V) = e^(-c t) (a I - (a + c) V), the integral of V follows from that of I and the end
    points, whatever the two time constants are.
    """
    k = record.output
    a, b = (x[:, k] for x in record.rates())
    h = record.length[..., None]
    v, i = record.V[..., k], record.I[..., k]
    v_end, _ = advance(v, i, h, a, b)
    integral_i = i * -np.expm1(-(b + c) * h) / (b + c)
    integral_v = (a * integral_i + v - np.exp(-c * h) * v_end) / (a + c)
    return (np.exp(-c * record.start[..., None]) * integral_v).sum(axis=0) / record.duration


def _quadrature(record: Record) -> tuple[Array, Array, Array, Array]:
    """Panels between events: replica (Q,), nodes t and weights of (1/T) int dt (Q, n), V there (Q, n, C).

    Returned as (replica, t, V, weights).
    """
    segment, replica = np.nonzero(record.length > 0.0)
    panels = np.ceil(record.length[segment, replica] / PANEL).astype(int)
    number = np.arange(panels.sum()) - np.repeat(np.cumsum(panels) - panels, panels)
    segment, replica, panels = (np.repeat(x, panels) for x in (segment, replica, panels))
    width = record.length[segment, replica] / panels
    offset = (number[:, None] + NODES) * width[:, None]
    weight = NODE_WEIGHTS * width[:, None] / record.duration
    return (
        replica,
        record.start[segment, replica][:, None] + offset,
        _potential(record, segment, replica, offset),
        weight,
    )


def _potential(record: Record, segment: Array, replica: Array, offset: Array) -> Array:
    """(Q, n, C) output potentials at offsets (Q, n) from the beginning of segments (Q,)."""
    k = record.output
    a, b = (x[replica, None, k] for x in record.rates())
    v, i = record.V[segment, replica, None, k], record.I[segment, replica, None, k]
    return advance(v, i, offset[..., None], a, b)[0]


def on_grid(record: Record, step: float) -> tuple[Array, Array]:
    """Instants (G,) step, 2 step, .. T and the output potentials (R, G, C) there."""
    count = round(record.duration / step)
    t = step * np.arange(1, count + 1)
    values = []
    for replica in range(record.num_replicas):
        segment = np.searchsorted(record.start[:, replica], t, side="left") - 1
        offset = t - record.start[segment, replica]
        values.append(_potential(record, segment, np.full(count, replica), offset[:, None])[:, 0])
    return t, np.stack(values)


def _grid_rule(record: Record, step: float) -> tuple[Array, Array, Array, Array]:
    """As `_quadrature`, for the rule (h/T) sum_n f(n h)."""
    t, v = on_grid(record, step)
    replicas = np.arange(len(v))
    weight = np.full(v.shape[:2], step / record.duration)
    return replicas, np.broadcast_to(t, weight.shape), v, weight


def _per_replica(record: Record, replica: Array, terms: Array) -> Array:
    """Sum terms (Q, n, ...) over nodes and over the panels of each replica: (R, ...)."""
    total = np.zeros((record.num_replicas, *terms.shape[2:]))
    np.add.at(total, replica, terms.sum(axis=1))
    return total


@dataclass(frozen=True, eq=False)
class Maxima:
    """Where the output potentials are largest, each (R, C).

    The maximum lies in `segment` at `offset`. `kind` says what makes it one: `start` (t = 0, V = 0), `smooth`
    (V' = 0), `kink` (an inhibitory spike arrives while V rises), `spike` (the output fires), `end` (t = T).
    """

    value: Array
    segment: Array
    offset: Array
    kind: Array


def maxima(record: Record) -> Maxima:
    """Maximum over continuous time of each output potential."""
    k = record.output
    a, b = (x[:, k] for x in record.rates())
    v, i, h = (
        record.V[..., k],
        record.I[..., k],
        np.broadcast_to(record.length[..., None], record.V[..., k].shape),
    )
    # Within a segment V is largest at its peak or at one end; a segment's beginning is the end of the one
    # before, or lower (after a reset), so only the very first one needs its beginning.
    peak = peak_offset(v, i, a, b)
    peak = np.where(peak < h, peak, h)
    candidates = np.concatenate([v[:1], advance(v, i, peak, a, b)[0], advance(v, i, h, a, b)[0]])
    best, num = candidates.argmax(axis=0), len(v)
    segment = np.where(best == 0, 0, (best - 1) % num)
    take = np.take_along_axis
    offset = np.where(
        best == 0, 0.0, np.where(best <= num, take(peak, segment[None], 0)[0], take(h, segment[None], 0)[0])
    )
    event = take(np.broadcast_to(record.event[..., None], h.shape), segment[None], 0)[0]
    at_end = offset == take(h, segment[None], 0)[0]
    own = event == record.num_sources + np.arange(record.network.num_neurons)[k]
    kind = np.select([best == 0, ~at_end, event == -1, own], ["start", "smooth", "end", "spike"], default="kink")
    return Maxima(take(candidates, best[None], 0)[0], segment, offset, kind)


def first_spike_times(record: Record) -> Array:
    """(R, C) first spikes of the outputs; T where an output never spikes."""
    first = np.full(record.tau_mem.shape, record.duration)
    times, neuron, replica, _ = record.spikes()
    np.minimum.at(first, (replica, neuron), times)
    return first[:, record.output]
