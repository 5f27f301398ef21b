"""Numbers of a network as constants of C: written so that a compiler reads the very same ones, and counted."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

_TYPES = {
    np.dtype(np.float32): "float",
    np.dtype(np.float64): "double",
    np.dtype(np.int8): "int8_t",
    np.dtype(np.uint8): "uint8_t",
    np.dtype(np.uint16): "uint16_t",
}
_WIDTH = 118


def write_number(value: float, scalar: str) -> str:
    """A number as C of type "float" or "double", which reads as the same one."""
    text = str(np.float32(value)) if scalar == "float" else repr(float(value))
    text = text if any(c in text for c in ".en") else f"{text}.0"
    return f"{text}f" if scalar == "float" else text


@dataclass(frozen=True, eq=False)
class Constant:
    """An array or a number of C.

    Attributes
    ----------
    name : in the code.
    values : of the type that C gets.
    comment : meaning.
    """

    name: str
    values: np.ndarray
    comment: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.values.nbytes

    @property
    def text(self) -> str:
        """Its definition."""
        kind = _TYPES[self.values.dtype]
        dimensions = "".join(f"[{length}]" for length in self.values.shape)
        comment = f"/* {self.comment} */\n" if self.comment else ""
        head = f"{comment}static const {kind} {self.name}{dimensions} ="
        if self.values.ndim == 0:
            return f"{head} {_format(self.values)[0]};"
        return f"{head} {_write_braces(self.values)};"


def _format(values: np.ndarray) -> list[str]:
    scalar = _TYPES[values.dtype]
    if scalar.endswith("_t"):
        return [str(v) for v in values.ravel().tolist()]
    return [write_number(v, scalar) for v in values.ravel()]


def _write_braces(values: np.ndarray) -> str:
    """Nested lists, innermost ones in lines that are not too long."""
    if values.ndim > 1:
        return "{\n" + ",\n".join(_write_braces(row) for row in values) + "\n}"
    lines = textwrap.wrap(", ".join(_format(values)), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "{" + "\n ".join(lines) + "}"


@dataclass
class Constants:
    """Constants of one source, of which those that its code names are written."""

    scalar: str
    known: dict[str, Constant] = field(default_factory=dict)

    def add(self, name: str, values: np.ndarray | float, comment: str = "") -> None:
        """Keep numbers of the code's own floating-point type."""
        kind = np.float32 if self.scalar == "float" else np.float64
        self.known[name] = Constant(name, np.asarray(values, kind), comment)

    def add_as_is(self, name: str, values: np.ndarray, comment: str = "") -> None:
        """Keep numbers of their own type."""
        self.known[name] = Constant(name, values, comment)

    def add_neurons(self, name: str, values: np.ndarray) -> None:
        """Keep one number for each neuron, the last axis; or, where all have the same, one for all."""
        alike = bool(np.all(values == values[..., :1]))
        self.add(name, values[..., 0] if alike else values)

    def is_array(self, name: str) -> bool:
        """Whether neurons have numbers of their own."""
        return self.known[name].values.ndim > 0

    def select_used(self, names: Iterable[str]) -> list[Constant]:
        """Select the constants whose names are among `names`."""
        wanted = set(names)
        return [constant for name, constant in self.known.items() if name in wanted]
