"""Conversion of a NIR graph to a network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import SettingError, unknown_name
from ...models import EXPONENTIAL, LI, LIF
from ...models.losses import find_loss
from ...network.definitions import LossModel
from ...network.delay import Delay
from ...network.network import Connection, Network, Population
from .dialects import DIALECTS, Numbers
from .nir_network import NirNetwork, find_shared
from .writing import NEVER

_NEURONS, _SYNAPSES = ("CubaLIF", "CubaLI", "LI"), ("Linear", "Affine")
_KNOWN = (*_NEURONS, *_SYNAPSES, "Delay", "Input", "Output")
_SAME = 1e-9  # a smaller difference of a factor from 1 is rounding


def read_graph(
    graph: Any, dialect: str | None = None, loss: str | LossModel | None = None, dt: float | None = None
) -> NirNetwork:
    """Make a network from a `nir.NIRGraph`.

    Nodes CubaLIF and CubaLI, or two successive LI nodes, become populations with their names, Linear nodes become
    connections, and Delay nodes before them delays per source neuron. Weights are multiplied by w_in and r; a file that
    this package wrote gives exactly the same weights.

    Parameters
    ----------
    graph : the graph, sub-graphs included.
    dialect, loss, dt : as for `read_nir`.

    Raises
    ------
    SettingError
        A node or an edge has no equivalent; the message names it.
    """
    notes = dict(graph.metadata or {})
    dialect = dialect or str(notes.get("dialect", "physical"))
    if dialect not in DIALECTS:
        raise unknown_name("dialect", dialect, DIALECTS)
    step = float(dt if dt is not None else notes.get("dt_ms", 1.0))
    if not 0 < step < np.inf:
        raise SettingError(f"dt = {step} ms is not allowed; it must be > 0 and finite.")
    return _Reader(_flatten(graph), dialect, step).read(loss or notes.get("loss"), notes)


@dataclass
class _Flat:
    """A graph without sub-graphs: nodes and edges by names joined with dots."""

    nodes: dict[str, Any] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)

    def list_after(self, name: str) -> list[str]:
        return [b for a, b in self.edges if a == name]

    def list_before(self, name: str) -> list[str]:
        return [a for a, b in self.edges if b == name]

    def find_kind(self, name: str) -> str:
        return type(self.nodes[name]).__name__


def _flatten(graph: Any) -> _Flat:
    flat = _Flat()
    for name, node in graph.nodes.items():
        if type(node).__name__ != "NIRGraph":
            flat.nodes[name] = node
            continue
        inner = _flatten(node)
        flat.nodes |= {f"{name}.{k}": n for k, n in inner.nodes.items()}
        flat.edges += [(f"{name}.{a}", f"{name}.{b}") for a, b in inner.edges]
    for a, b in graph.edges:
        flat.edges.append((_end(graph, a, "Output"), _end(graph, b, "Input")))
    for name in [n for n in flat.nodes if "." in n and flat.find_kind(n) in ("Input", "Output")]:
        _bypass(flat, name)
    return flat


def _end(graph: Any, name: str, kind: str) -> str:
    """Return the node of an end of an edge; for a sub-graph, its Input or Output."""
    if name not in graph.nodes:
        raise SettingError(f"an edge names the node {name!r}, which is not in the graph.")
    node = graph.nodes[name]
    if type(node).__name__ != "NIRGraph":
        return name
    ends = [k for k, n in node.nodes.items() if type(n).__name__ == kind]
    if len(ends) != 1:
        raise SettingError(f"the sub-graph {name!r} has {len(ends)} nodes {kind}; it must have one.")
    return f"{name}.{ends[0]}"


def _bypass(flat: _Flat, name: str) -> None:
    """Remove a node, and connect its predecessors to its successors."""
    joined = [(a, b) for a in flat.list_before(name) for b in flat.list_after(name)]
    flat.edges = [e for e in flat.edges if name not in e] + joined
    del flat.nodes[name]


@dataclass(frozen=True, eq=False)
class _Part:
    """Weights from one source, (pre, post), and their delays, (pre,), ms."""

    source: str
    target: str
    weights: np.ndarray
    delay: np.ndarray | None


class _Reader:
    def __init__(self, flat: _Flat, dialect: str, dt: float) -> None:
        self._flat, self._dialect, self._dt = flat, DIALECTS[dialect], dt
        for name in flat.nodes:
            if flat.find_kind(name) not in _KNOWN:
                raise SettingError(
                    f"node {name!r} is a {flat.find_kind(name)}, which has no equivalent here; allowed are "
                    f"{', '.join(_KNOWN)}."
                )
            _check_numbers(name, flat.nodes[name])
        self._input = self._find_only("Input")
        self._synapses = {a: b for a, b in flat.edges if flat.find_kind(a) == flat.find_kind(b) == "LI"}
        self._populations = [n for n in self._sort_nodes() if flat.find_kind(n) in _NEURONS and n not in self._synapses]
        self._names = {n: _to_word(n) for n in (self._input, *self._populations)}

    def read(self, loss: str | LossModel | None, notes: Mapping[str, Any]) -> NirNetwork:
        """Read the whole graph."""
        output = self._find_output()
        populations = [p for p in self._populations if p != output] + [output]
        values = {self._names[p]: self._read_values(p) for p in populations}
        parts, copies = self._join_copies(self._read_parts(populations))
        described = [Population(self._names[self._input], self._find_size(self._input), delays=copies)]
        described += [
            Population(self._names[p], self._find_size(p), LIF if self._is_spiking(p) else LI, EXPONENTIAL)
            for p in populations
        ]
        connections, weights, delays = [], {}, {}
        for part in parts:
            connection = Connection(part.source, part.target, 0.0, self._make_delay(part))
            if connection.name in weights:
                raise SettingError(f"two connections lead from {part.source!r} to {part.target!r}; add their weights.")
            connections.append(connection)
            weights[connection.name] = part.weights
            if part.delay is not None:
                delays[connection.delay_name] = part.delay
        model = loss or ("first_spike_exp" if described[-1].spiking else "sum_exp")
        network = Network(tuple(described), tuple(connections), find_loss(model) if isinstance(model, str) else model)
        kept = {k: v for k, v in notes.items() if k not in ("generator", "dialect", "time_unit", "dt_ms", "loss")}
        return NirNetwork(network, weights, values, self._dt, delays, kept)

    # -- nodes -----------------------------------------------------------------------------------------------------

    def _find_only(self, kind: str) -> str:
        found = [n for n in self._flat.nodes if self._flat.find_kind(n) == kind]
        if len(found) != 1:
            raise SettingError(f"the graph has {len(found)} nodes {kind}; it must have one.")
        return found[0]

    def _sort_nodes(self) -> list[str]:
        """Sort nodes in the order of a walk from the input."""
        seen, ahead = [self._input], [self._input]
        while ahead:
            for name in self._flat.list_after(ahead.pop(0)):
                if name not in seen:
                    seen.append(name)
                    ahead.append(name)
        lost = [n for n in self._flat.nodes if n not in seen]
        if lost:
            raise SettingError(f"no path leads from the input to the node {lost[0]!r}; an edge is missing.")
        return seen

    def _find_output(self) -> str:
        before = self._flat.list_before(self._find_only("Output"))
        if len(before) != 1 or before[0] not in self._populations:
            raise SettingError("the node Output must follow exactly one population; correct its edges.")
        return before[0]

    def _is_spiking(self, name: str) -> bool:
        node = self._flat.nodes[name]
        return self._flat.find_kind(name) == "CubaLIF" and not np.all(node.v_threshold >= NEVER)

    def _find_size(self, name: str) -> int:
        node = self._flat.nodes[name]
        shape = np.atleast_1d(node.input_type["input"]) if name == self._input else np.shape(node.v_leak)
        if len(shape) != 1:
            raise SettingError(f"node {name!r} has the shape {tuple(map(int, shape))}; populations here have one axis.")
        return int(shape[0])

    def _read_numbers(self, name: str) -> Numbers:
        node = self._flat.nodes[name]
        if self._flat.find_kind(name) != "LI":
            return Numbers(*(np.asarray(v, np.float64) for v in (node.tau_syn, node.tau_mem, node.r, node.w_in)))
        first = self._find_synapse(name)
        return Numbers(*(np.asarray(v, np.float64) for v in (first.tau, node.tau, node.r, first.r)))

    def _find_synapse(self, name: str) -> Any:
        before = [a for a, b in self._synapses.items() if b == name]
        if not before:
            raise SettingError(
                f"node {name!r} is an LI by itself, without a synapse's time constant; give a CubaLI, or two LI."
            )
        return self._flat.nodes[before[0]]

    def _read_values(self, name: str) -> dict[str, np.ndarray]:
        node, numbers = self._flat.nodes[name], self._read_numbers(name)
        nodes = [node, self._find_synapse(name)] if self._flat.find_kind(name) == "LI" else [node]
        if any(np.any(n.v_leak != 0) for n in nodes):
            raise SettingError(f"node {name!r} has a v_leak that is not 0, which has no equivalent here.")
        if not (np.all(numbers.tau_syn > 0) and np.all(numbers.tau_mem > 0)):
            raise SettingError(f"node {name!r}: time constants must be above 0.")
        neurons = self._dialect.read(numbers, self._dt)
        values = {"tau_mem": neurons.tau_mem, "tau_syn": neurons.tau_syn}
        if not self._is_spiking(name):
            return values
        threshold, reset = (np.asarray(v, np.float64) for v in (node.v_threshold, node.v_reset))
        if not np.all(threshold > reset) or not np.all(threshold > 0):
            raise SettingError(f"node {name!r}: v_threshold must be above 0 and above v_reset.")
        return {**values, "v_threshold": threshold, "v_reset": reset}

    # -- connections -----------------------------------------------------------------------------------------------

    def _read_parts(self, populations: list[str]) -> list[_Part]:
        parts = []
        for target in populations:
            start = next((a for a, b in self._synapses.items() if b == target), target)
            factor = self._dialect.read(self._read_numbers(target), self._dt).factor
            for linear in self._flat.list_before(start):
                if self._flat.find_kind(linear) not in _SYNAPSES:
                    raise SettingError(
                        f"node {linear!r} leads into {start!r} without weights; put a Linear between them."
                    )
                parts += [self._read_part(linear, source, target, factor) for source in self._flat.list_before(linear)]
        order = {self._names[n]: k for k, n in enumerate((self._input, *populations))}
        return sorted(parts, key=lambda part: (order[part.target], order[part.source]))

    def _join_copies(self, parts: list[_Part]) -> tuple[list[_Part], tuple[float, ...]]:
        """Join connections from the input to one population that differ by one delay each: copies of the input."""
        source = self._names[self._input]
        of_input = [p for p in parts if p.source == source]
        late = [0.0 if p.delay is None else find_shared(p.delay) for p in of_input]
        if len(of_input) < 2 or len({p.target for p in of_input}) > 1 or None in late:
            return parts, (0.0,)
        order = np.argsort(np.array(late, np.float64), kind="stable")
        joined = _Part(source, of_input[0].target, np.concatenate([of_input[k].weights for k in order]), None)
        rest = [p for p in parts if p.source != source]
        return [joined, *rest], tuple(float(np.array(late, np.float64)[k]) for k in order)

    def _read_part(self, linear: str, source: str, target: str, factor: np.ndarray) -> _Part:
        node, delay = self._flat.nodes[linear], None
        if np.any(getattr(node, "bias", 0) != 0):
            raise SettingError(f"node {linear!r} has a bias, which has no equivalent here.")
        if self._flat.find_kind(source) == "Delay":
            delay = np.asarray(self._flat.nodes[source].delay, np.float64) * 1e3
            before = self._flat.list_before(source)
            if len(before) != 1:
                raise SettingError(f"{len(before)} nodes lead into the Delay {source!r}; it must be one.")
            source = before[0]
        if source not in self._names:
            raise SettingError(f"node {source!r} leads into {linear!r}; allowed are populations, the input and delays.")
        weights = np.ascontiguousarray(np.asarray(node.weight).T)
        expected = (self._find_size(source), self._find_size(target))
        if weights.shape != expected:
            raise SettingError(
                f"node {linear!r} has weights {weights.shape[::-1]}; here they must be {expected[::-1]}."
            )
        if np.any(np.abs(factor - 1) > _SAME):
            weights = weights * factor
        return _Part(self._names[source], self._names[target], weights, delay)

    def _make_delay(self, part: _Part) -> Delay | None:
        if part.delay is None:
            return None
        if np.any(part.delay < 0) or part.delay.shape != (len(part.weights),):
            raise SettingError(f"delays from {part.source!r} must be one for each neuron, and not below 0.")
        return Delay(
            0.0 if part.source == self._names[self._input] else self._dt, _find_longest(part.delay), per="source"
        )


def _find_longest(delays: np.ndarray) -> float:
    return float(max(delays.max(), 1.0)) * (1 + 1e-9)


def _check_numbers(name: str, node: Any) -> None:
    for key, value in vars(node).items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.all(np.isfinite(value)):
            raise SettingError(f"node {name!r}: {key} holds numbers that are not finite.")


def _to_word(name: str) -> str:
    """Make the name of a population from that of a node or sub-graph: letters, digits and underscores."""
    word = re.sub(r"\W", "_", name.split(".")[0] if "." in name else name)
    return word if word.isidentifier() else f"p_{word}"
