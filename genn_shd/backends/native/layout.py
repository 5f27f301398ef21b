"""Memory layout: padded sizes and offsets that generated code and Python code share.

Rows of weights are contiguous and padded to whole cache lines, so that every row starts on one and inner loops have
no remainder. Padding holds zero weights, receives zero gradients and stays zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...eventprop.program import Program

CACHE_LINE = 64
PARTS_OF_STEP = 64  # of times in which neurons that spike look for their arrivals
ROWS_AT_ONCE = 64  # sources that are compared together
DTYPES: dict[str, np.dtype] = {"float32": np.dtype(np.float32), "float64": np.dtype(np.float64)}


def pad_size(size: int, precision: str) -> int:
    """Round a size up to whole cache lines."""
    lane = CACHE_LINE // DTYPES[precision].itemsize
    return -(-size // lane) * lane


@dataclass(frozen=True)
class Matrix:
    """Place of the weights or delays of one connection: `pre` rows of `stride` numbers, of which `post` are used.

    Their learning rate is multiplied by `lr_multiplier`.
    """

    name: str
    offset: int
    pre: int
    post: int
    stride: int
    lr_multiplier: float = 1.0

    def view(self, flat: np.ndarray) -> np.ndarray:
        """Return a view of the weights (pre, post) in a flat array of parameters."""
        rows = flat[self.offset : self.offset + self.pre * self.stride]
        return rows.reshape(self.pre, self.stride)[:, : self.post]


@dataclass(frozen=True)
class Row:
    """Place of a trained parameter of the neurons of a population, or of their delays: `size` numbers.

    Their learning rate is multiplied by `lr_multiplier`.
    """

    offset: int
    size: int
    lr_multiplier: float

    def view(self, flat: np.ndarray) -> np.ndarray:
        """Return a view of the numbers in a flat array."""
        return flat[self.offset : self.offset + self.size]


@dataclass(frozen=True)
class Layout:
    """Places of all parameters in one flat array, and of all run-time values of neurons in another.

    Attributes
    ----------
    matrices : connection name -> place.
    trained : `{population}.{parameter}` -> place, in the same array.
    delays : `{connection}.delay` -> place, in the same array; also of delays that are not trained, which stay constant.
    by_target : connection with delays of synapses -> place of its delays in parts of a step, a row for each target, in
        another array.
    num_weights, num_parameters : lengths of the flat array of parameters with padding: of weights, which are first,
        and of all.
    values : (population, value name) -> (offset, padded length) in the flat array of values.
    num_values : length of that array.
    index_dtype : type of indices of neurons and of rows of weights.
    """

    matrices: dict[str, Matrix]
    trained: dict[str, Row]
    delays: dict[str, Matrix | Row]
    by_target: dict[str, Matrix]
    num_weights: int
    num_parameters: int
    values: dict[tuple[str, str], tuple[int, int]]
    num_values: int
    index_dtype: np.dtype

    @property
    def places(self) -> dict[str, Matrix | Row]:
        """Places of all trained parameters, by name."""
        delays = {name: place for name, place in self.delays.items() if place.lr_multiplier}
        return {**self.matrices, **self.trained, **delays}

    @property
    def own_rates(self) -> dict[str, Matrix | Row]:
        """Places of all parameters with their own learning rate."""
        return {**self.trained, **self.delays}


def lay_out(program: Program, precision: str) -> Layout:
    """Return the layout of the arrays of a program."""
    matrices, offset = {}, 0
    for connection in program.connections:
        pre, post = program.network.get_weight_shape(connection)
        stride = pad_size(post, precision)
        matrices[connection.name] = Matrix(connection.name, offset, pre, post, stride)
        offset += pre * stride
    num_weights, trained = offset, {}
    for described in program.network.populations:
        for name, settings in described.trained.items():
            trained[f"{described.name}.{name}"] = Row(offset, described.size, settings.rate)
            offset += pad_size(described.size, precision)
    delays, offset = _lay_out_delays(program, matrices, offset, precision)
    values, place = {}, 0
    for population in program.populations:
        length = pad_size(population.size, precision)
        for name in population.values:
            values[population.name, name] = (place, length)
            place += length
    largest = max(*(p.size for p in program.network.populations), *(m.pre for m in matrices.values()))
    index_dtype = np.dtype(np.uint16 if largest <= 2**16 else np.int32)
    by_target = _lay_out_by_target(program)
    return Layout(matrices, trained, delays, by_target, num_weights, offset, values, place, index_dtype)


def _lay_out_delays(
    program: Program, matrices: Mapping[str, Matrix], offset: int, precision: str
) -> tuple[dict[str, Matrix | Row], int]:
    """Return the places of delays from an offset on, and the offset after them."""
    delays: dict[str, Matrix | Row] = {}
    for connection in program.network.delayed_connections:
        assert connection.delay is not None
        weights, trained = matrices[connection.name], connection.delay.trained
        rate = trained.rate if trained else 0.0
        if connection.delay.per == "synapse":
            delays[connection.delay_name] = replace(weights, offset=offset, lr_multiplier=rate)
            offset += weights.pre * weights.stride
        else:
            delays[connection.delay_name] = Row(offset, weights.pre, rate)
            offset += pad_size(weights.pre, precision)
    return delays, offset


def _lay_out_by_target(program: Program) -> dict[str, Matrix]:
    by_target, offset = {}, 0
    for connection in program.network.delayed_connections:
        if connection.delay and connection.delay.per == "synapse":
            pre, post = program.network.get_weight_shape(connection)
            stride = -(-pre // ROWS_AT_ONCE) * ROWS_AT_ONCE
            by_target[connection.name] = Matrix(connection.name, offset, post, pre, stride)
            offset += post * stride
    return by_target


def count_count_signals(program: Program, precision: str) -> int:
    """Count the signals of spike counts: one for each spiking neuron, with padding."""
    return sum(pad_size(p.size, precision) for p in program.populations if p.spike)


@dataclass(frozen=True)
class Track:
    """A variable that a recording library can record: `kind` is "state" or "adjoint", `public` is its public name."""

    population: str
    kind: str
    variable: str
    public: str


def list_tracks(program: Program) -> list[Track]:
    """List all variables that can be recorded, in the library's order."""
    return [
        Track(p.name, kind, variable, p.to_public_name(variable))
        for p in program.populations
        for kind, variables in (("state", p.visible_state), ("adjoint", p.adjoint))
        for variable in variables
    ]


def make_aligned_zeros(size: int, dtype: np.dtype) -> np.ndarray:
    """Return an array of zeros that starts on a cache line."""
    return _align(np.zeros(size * dtype.itemsize + CACHE_LINE, dtype=np.uint8), size, dtype)


def make_aligned_empty(size: int, dtype: np.dtype) -> np.ndarray:
    """Return an array that starts on a cache line and whose numbers are not set."""
    return _align(np.empty(size * dtype.itemsize + CACHE_LINE, dtype=np.uint8), size, dtype)


def _align(raw: np.ndarray, size: int, dtype: np.dtype) -> np.ndarray:
    start = -raw.ctypes.data % CACHE_LINE
    return raw[start : start + size * dtype.itemsize].view(dtype)
