"""Conversion of a network to a NIR graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...errors import SettingError, unknown_name
from ...network.network import Connection, Population
from .dialects import DIALECTS
from .nir_network import NirNetwork, find_shared
from .package import load_nir

READOUTS = ("cuba_li", "two_li", "cuba_lif")
"""Nodes for outputs that never spike: one CubaLI, two LI, or a CubaLIF with a threshold that is never reached, for
readers without a leaky integrator."""

NEVER = 1e30
"""Threshold of outputs that never spike."""


def write_graph(described: NirNetwork, dialect: str = "physical", readout: str | None = None) -> Any:
    """Make the `nir.NIRGraph` of a network; see `write_nir`.

    Parameters
    ----------
    described, dialect, readout : as for `write_nir`.

    Raises
    ------
    SettingError
        The dialect cannot express a part of the network.
    BackendError
        The package nir is not installed.
    """
    if dialect not in DIALECTS:
        raise unknown_name("dialect", dialect, DIALECTS)
    if readout is not None and readout not in READOUTS:
        raise unknown_name("readout", readout, READOUTS)
    writer = _Writer(described, dialect, readout or ("cuba_lif" if DIALECTS[dialect].steps_readout else "cuba_li"))
    return writer.write()


class _Writer:
    def __init__(self, described: NirNetwork, dialect: str, readout: str) -> None:
        self._nir = load_nir()
        self._described, self._dialect, self._readout = described, dialect, readout
        self._nodes: dict[str, Any] = {}
        self._edges: list[tuple[str, str]] = []

    def write(self) -> Any:
        """Make the whole graph."""
        nir, network = self._nir, self._described.network
        self._check()
        self._nodes[network.input.name] = nir.Input(input_type=np.array([network.input.size]))
        for p in network.populations[1:]:
            self._add_population(p)
        for connection in network.connections:
            if connection.source != connection.target:
                self._add_connection(connection)
        last = f"{network.output.name}_out"
        self._nodes[last] = nir.Output(output_type=np.array([network.output.size]))
        self._edges.append((self._end(network.output), last))
        return nir.NIRGraph(nodes=self._nodes, edges=self._edges, metadata=self._list_metadata())

    def _check(self) -> None:
        described, dialect = self._described, DIALECTS[self._dialect]
        if not dialect.steps_readout:
            return
        if described.network.delayed_connections or described.network.input.delays != (0.0,):
            raise SettingError(f"readers of the dialect {self._dialect!r} have no delays; choose 'physical'.")
        for p in described.network.populations[1:]:
            for name, values in described.neuron_values[p.name].items():
                if find_shared(values) is None:
                    raise SettingError(
                        f"{p.name}.{name} differs between neurons, which readers of the dialect {self._dialect!r} do "
                        "not know; choose 'physical'."
                    )
            if p.spiking and np.any(described.neuron_values[p.name]["v_reset"] != 0):
                raise SettingError(f"{p.name}.v_reset must be 0 in the dialect {self._dialect!r}; choose 'physical'.")

    def _list_metadata(self) -> dict[str, Any]:
        described = self._described
        return {
            "generator": "genn_shd",
            "dialect": self._dialect,
            "time_unit": "s",
            "dt_ms": described.dt,
            "loss": described.network.loss.name,
            **described.notes,
        }

    # -- nodes -----------------------------------------------------------------------------------------------------

    def _add_population(self, p: Population) -> None:
        loops = [c for c in self._described.network.connections if (c.source, c.target) == (p.name, p.name)]
        if loops:
            self._nodes[p.name] = self._make_recurrent(p, loops[0])
        elif not p.spiking and self._readout == "two_li":
            self._add_two_integrators(p)
        else:
            self._nodes[p.name] = self._make_neurons(p)

    def _make_neurons(self, p: Population) -> Any:
        values = self._described.neuron_values[p.name]
        numbers = DIALECTS[self._dialect].write(
            _to_float(values["tau_syn"]), _to_float(values["tau_mem"]), self._described.dt
        )
        common: Mapping[str, np.ndarray] = {**vars(numbers), "v_leak": np.zeros(p.size)}
        if p.spiking:
            return self._nir.CubaLIF(
                **common, v_threshold=_to_float(values["v_threshold"]), v_reset=_to_float(values["v_reset"])
            )
        if self._readout == "cuba_lif":
            return self._nir.CubaLIF(**common, v_threshold=np.full(p.size, NEVER), v_reset=np.zeros(p.size))
        return self._nir.CubaLI(**common)

    def _add_two_integrators(self, p: Population) -> None:
        values, zero = self._described.neuron_values[p.name], np.zeros(p.size)
        numbers = DIALECTS[self._dialect].write(
            _to_float(values["tau_syn"]), _to_float(values["tau_mem"]), self._described.dt
        )
        self._nodes[f"{p.name}_synapse"] = self._nir.LI(tau=numbers.tau_syn, r=numbers.w_in, v_leak=zero)
        self._nodes[p.name] = self._nir.LI(tau=numbers.tau_mem, r=numbers.r, v_leak=zero)
        self._edges.append((f"{p.name}_synapse", p.name))

    def _make_recurrent(self, p: Population, loop: Connection) -> Any:
        nir, shape = self._nir, np.array([p.size])
        nodes = {
            "input": nir.Input(input_type=shape),
            "lif": self._make_neurons(p),
            "w_rec": self._make_linear(self._described.weights[loop.name]),
            "output": nir.Output(output_type=shape),
        }
        edges = [("input", "lif"), ("w_rec", "lif"), ("lif", "output")]
        before = "lif"
        if loop.delay is not None:
            nodes["delay"] = self._make_delay(self._described.delays[loop.delay_name])
            edges.append(("lif", "delay"))
            before = "delay"
        return nir.NIRGraph(nodes=nodes, edges=[*edges, (before, "w_rec")])

    def _add_connection(self, connection: Connection) -> None:
        network = self._described.network
        source, target = network.find_population(connection.source), network.find_population(connection.target)
        for name, weights, delay in self._split_copies(connection, source):
            self._nodes[name] = self._make_linear(weights)
            before = source.name if source.is_source else self._end(source)
            if delay is not None:
                self._nodes[f"{name}_delay"] = self._make_delay(delay)
                self._edges.append((before, f"{name}_delay"))
                before = f"{name}_delay"
            self._edges += [(before, name), (name, self._start(target))]

    def _split_copies(
        self, connection: Connection, source: Population
    ) -> Iterator[tuple[str, np.ndarray, np.ndarray | None]]:
        """Split a connection into name, weights and delays (ms) for each copy of the input, or of one part."""
        weights = self._described.weights[connection.name]
        own = self._described.delays.get(connection.delay_name)
        for k, late in enumerate(source.delays):
            part = slice(k * source.size, (k + 1) * source.size)
            name = connection.name if len(source.delays) == 1 else f"{connection.name}_{k}"
            delay = np.zeros(source.size) if own is None else _to_float(own)[part]
            yield name, weights[part], delay + late if own is not None or late else None

    def _make_linear(self, weights: np.ndarray) -> Any:
        return self._nir.Linear(weight=np.ascontiguousarray(weights.T))

    def _make_delay(self, delay: np.ndarray) -> Any:
        return self._nir.Delay(delay=_to_float(delay) * 1e-3)

    def _start(self, p: Population) -> str:
        """Return the node for connections to a population."""
        return f"{p.name}_synapse" if f"{p.name}_synapse" in self._nodes else p.name

    def _end(self, p: Population) -> str:
        """Return the node for connections from a population."""
        return p.name


def _to_float(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float64)
