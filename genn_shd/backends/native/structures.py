"""Structures that Python code and generated code share: one table gives the C declaration and the ctypes type.

The generated code asserts at compile time that all members have the same offsets in both.
"""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...network.network import NOISE_AND_DROPOUT, SpikeCountRegularisation
from ..formulae import ADAM_CONSTANTS


class Status(enum.IntEnum):
    """Status with which a batch ended."""

    OK = 0
    OUT_OF_MEMORY = 1
    NOT_FINITE = 2
    RUNAWAY = 3
    DIVERGED = 4


@dataclass(frozen=True)
class Member:
    """A member of a structure.

    Attributes
    ----------
    name, type : name and type in C; the type of a pointer ends with `*`.
    meaning : comment; shapes are in parentheses.
    shared : whether threads of a batch write to it; it starts with 0.
    """

    name: str
    type: str
    meaning: str = ""
    shared: bool = False

    @cached_property
    def is_pointer(self) -> bool:
        return self.type.endswith("*")

    @property
    def ctype(self) -> Any:
        """Type in ctypes."""
        return ctypes.c_void_p if self.is_pointer else _CTYPES[self.type.removeprefix("_Atomic ")]

    @cached_property
    def element(self) -> str:
        """C type of the elements of a pointer."""
        return self.type.removeprefix("const ").rstrip("* ")

    @property
    def declaration(self) -> str:
        """Declaration in C."""
        separator = "" if self.is_pointer else " "
        comment = f" /* {self.meaning} */" if self.meaning else ""
        return f"{self.type}{separator}{self.name};{comment}"


_CTYPES: dict[str, type] = {
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "double": ctypes.c_double,
}
_DTYPES = {
    "float": np.float32,
    "double": np.float64,
    "uint16_t": np.uint16,
    "int32_t": np.int32,
    "int64_t": np.int64,
}

TERMS = (
    Member("terms", "int32_t"),
    Member("num_returned", "int32_t", "the first so many terms are enough backward"),
    Member("order", "int32_t", "of the series"),
    Member("reversible", "int32_t", "whether the adjoint can be followed from inside a step to its end"),
    Member(
        "times",
        "const scalar *",
        "(terms, order) series of the functions of time: of powers, long ones of Chebyshev polynomials",
    ),
    Member("derivatives", "const scalar *", "(num_returned, order) series of their derivatives"),
    Member("gains", "const scalar *", "(terms, effects, padded neurons)"),
    Member("returns", "const scalar *", "(num_returned, adjoints, padded neurons)"),
    Member("mixing", "const scalar *", "(num_returned, num_returned): derivatives of the functions as sums of them"),
)
"""Effects of arrivals inside a step on one population, see `genn_shd.eventprop.program.ArrivalTerms`."""

POWERS = (
    Member("order", "int32_t", "of the series"),
    Member("squarings", "int32_t", "of its sum"),
    Member("powers", "const scalar *", "(order + 1, entries, padded neurons)"),
)
"""Propagators without closed form of one population, see `genn_shd.eventprop.program.PowerSeries`."""

BATCH = (
    # the samples
    Member("times", "const float *", "(spikes) of all samples, ms"),
    Member("units", "const neuron_index *", "(spikes)"),
    Member("offsets", "const int64_t *", "(samples + 1): first spike of each sample"),
    Member("delays", "const double *", "(copies) of the source, ms"),
    Member("labels", "const int32_t *", "(samples)"),
    Member("num_samples", "int32_t"),
    Member("num_steps", "int32_t"),
    Member("training", "int32_t", "whether there are noise and dropout"),
    Member("dt", "double", "ms"),
    # run-time values
    Member("values", "const Values *"),
    Member("loss_values", "const scalar *", "(parameters of the loss)"),
    Member("loss_weight", "const scalar *", "(steps), or (samples, steps) where each sample has its own"),
    Member("series_orders", "const int32_t *", "(populations): terms of a series that trained parameters need"),
    Member("terms", "const Terms *", "(populations): of arrivals inside a step"),
    Member("powers", "const Powers *", "(populations): of propagators without closed form"),
    Member("fine_delays", "const uint16_t *", "of synapses, per connection (targets, padded sources), parts of a step"),
    Member("ring_steps", "const int32_t *", "(populations): steps within which arrivals are on their way"),
    Member("homogeneous", "const int32_t *", "(populations): whether all neurons have the same values"),
    Member("count_rules", "const CountRule *", "(spiking populations)"),
    Member("noise_and_dropout", "const NoiseAndDropout *", "(populations)"),
    Member("rng_key", "uint64_t", "of the random numbers of this batch"),
    Member("learning_rate", "double", "of rules that change weights while a trial runs"),
    *(Member(name, "double", "of Adam" if name == ADAM_CONSTANTS[0] else "") for name in ADAM_CONSTANTS),
    # parameters and what belongs to them
    Member("parameters", "scalar *", "(parameters)"),
    Member("moment1", "scalar *", "(parameters)"),
    Member("moment2", "scalar *", "(parameters)"),
    Member("gradient", "scalar *", "(parameters)"),
    Member("group_gradients", "scalar *", "(groups, parameters)"),
    Member("lr_multipliers", "const scalar *", "(parameters), where parameters of neurons are trained"),
    Member("num_groups", "int32_t"),
    # results
    Member("losses", "double *", "(samples)"),
    Member("logits", "scalar *", "(samples, outputs)"),
    Member("grazing", "int32_t *", "(samples): spikes whose slope was bounded"),
    Member("lost_arrivals", "int64_t *", "(samples): those after the end of the trial, of connections with delays"),
    Member(
        "diverged", "int64_t *", "(1): population, step and neuron of a state that is not finite, in 8, 24 and 32 bits"
    ),
    Member("spike_counts", "int32_t *", "per spiking population (samples, neurons)"),
    Member("count_signals", "scalar *", "(samples), per spiking population (padded neurons)"),
    Member("seconds", "double *", "(threads, kinds of work), where times are taken"),
    # shared between threads
    Member("num_threads", "int32_t"),
    Member("next_thread", "_Atomic int32_t", shared=True),
    Member("next_sample", "_Atomic int32_t", shared=True),
    Member("next_group", "_Atomic int32_t", shared=True),
    Member("next_range", "_Atomic int32_t", shared=True),
    Member("at_barrier", "_Atomic int32_t", "threads that wait", shared=True),
    Member("phase", "_Atomic int32_t", "barriers passed", shared=True),
    Member("status", "_Atomic int32_t", "one of the codes above", shared=True),
)
"""One batch: input, results, and variables shared between threads."""

RECORDING = (
    Member("num_recorded", "int64_t", "samples"),
    Member("tracks", "scalar **", "where to write which variable down; NULL where it is not asked for"),
)
"""Members that a recording adds to a batch."""

COUNT_RULE = tuple(Member(name, "double") for name in (*SpikeCountRegularisation.list_numbers(), "each_trial"))
"""`SpikeCountRegularisation` of one population; the last member is 1 if counts of each trial are used, else 0."""

NOISE = tuple(Member(name, "double") for name in NOISE_AND_DROPOUT)
"""Noise and dropout of one population; 0 if it has none."""


class Structure(ctypes.Structure):
    """Base of the ctypes types of the tables; members are set by name."""

    members: ClassVar[tuple[Member, ...]]
    filled: ClassVar[dict[str, Member]]  # by name, those that threads do not share
    pointees: tuple[Any, ...]

    @classmethod
    def from_values(cls, dtype: np.dtype, index_dtype: np.dtype, values: Mapping[str, Any]) -> Structure:
        """Create a structure with values: numbers, arrays, and addresses of other structures as ints.

        Parameters
        ----------
        dtype, index_dtype : of the C types `scalar` and `neuron_index`; arrays of another type raise a TypeError.
        values : values by name, of every member that is not shared between threads.
        """
        if values.keys() != cls.filled.keys():
            raise TypeError(f"{cls.__name__} is filled by {sorted(cls.filled)}, not {sorted(values)}.")
        dtypes = {**_DTYPES, "scalar": dtype, "Values": dtype, "neuron_index": index_dtype}
        structure = cls()
        for name, member in cls.filled.items():
            setattr(structure, name, _to_ctypes(cls, member, values[name], dtypes))
        structure.pointees = tuple(values.values())  # live as long as what points to them
        return structure


def _to_ctypes(structure: type, member: Member, value: Any, dtypes: Mapping[str, Any]) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    wanted = dtypes.get(member.element, np.float64)  # structures of doubles
    if not member.is_pointer or value.dtype != wanted or not value.flags.c_contiguous:
        raise TypeError(f"{structure.__name__}.{member.name} is a {member.type}; it was given {value.dtype} numbers.")
    return value.ctypes.data


def make_twin(name: str, members: Iterable[Member]) -> type[Structure]:
    """Make the ctypes type of a table."""
    table = tuple(members)
    contents = {
        "members": table,
        "filled": {m.name: m for m in table if not m.shared},
        "_fields_": [(m.name, m.ctype) for m in table],
    }
    return type(name, (Structure,), contents)


Terms = make_twin("Terms", TERMS)
Powers = make_twin("Powers", POWERS)
Batch = make_twin("Batch", BATCH)
RecordingBatch = make_twin("Batch", BATCH + RECORDING)


def declare(name: str, members: Iterable[Member]) -> str:
    """Write the declaration of the structure in C."""
    return "\n".join(["typedef struct {", *(member.declaration for member in members), f"}} {name};"])


def assert_layout(structure: type[Structure]) -> str:
    """Write C assertions that every member has the same offset as in the ctypes type."""
    name = structure.__name__
    lines = [
        f'_Static_assert(offsetof({name}, {m.name}) == {getattr(structure, m.name).offset}, "{name}.{m.name}");'
        for m in structure.members
    ]
    return "\n".join([*lines, f'_Static_assert(sizeof({name}) == {ctypes.sizeof(structure)}, "{name}");'])
