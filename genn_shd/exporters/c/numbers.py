"""Numbers of a network as constants in C: their text, which a compiler reads without rounding, and their size."""

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
    """Write a number as a C literal of type "float" or "double" with exactly its value."""
    text = str(np.float32(value)) if scalar == "float" else repr(float(value))
    text = text if any(c in text for c in ".en") else f"{text}.0"
    return f"{text}f" if scalar == "float" else text


@dataclass(frozen=True, eq=False)
class Constant:
    """A constant in C, an array or a number.

    Attributes
    ----------
    name : name in the code.
    values : values, in the type of the constant.
    comment : comment above the definition.
    """

    name: str
    values: np.ndarray
    comment: str = ""

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.values.nbytes

    @property
    def text(self) -> str:
        """Definition in C."""
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
    """Write nested initialisers, with the innermost ones wrapped."""
    if values.ndim > 1:
        return "{\n" + ",\n".join(_write_braces(row) for row in values) + "\n}"
    lines = textwrap.wrap(", ".join(_format(values)), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "{" + "\n ".join(lines) + "}"


@dataclass
class Constants:
    """Constants of a source file, by name; only those that its code uses are written."""

    scalar: str
    known: dict[str, Constant] = field(default_factory=dict)

    def add(self, name: str, values: np.ndarray | float, comment: str = "") -> None:
        """Add numbers, converted to the floating-point type of the code."""
        kind = np.float32 if self.scalar == "float" else np.float64
        self.known[name] = Constant(name, np.asarray(values, kind), comment)

    def add_as_is(self, name: str, values: np.ndarray, comment: str = "") -> None:
        """Add numbers without converting them."""
        self.known[name] = Constant(name, values, comment)

    def add_neurons(self, name: str, values: np.ndarray) -> None:
        """Add one number per neuron (the last axis), or only one if all are equal."""
        alike = bool(np.all(values == values[..., :1]))
        self.add(name, values[..., 0] if alike else values)

    def is_array(self, name: str) -> bool:
        """Whether a constant has one number per neuron, not one for all."""
        return self.known[name].values.ndim > 0

    def select_used(self, names: Iterable[str]) -> list[Constant]:
        """Return the constants with these names."""
        wanted = set(names)
        return [constant for name, constant in self.known.items() if name in wanted]
