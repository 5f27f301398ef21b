"""The structure that holds a network while it runs, as a table: its declaration in C and its size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SIZES = {"double": 8, "float": 4, "int32_t": 4, "uint32_t": 4, "uint16_t": 2}


@dataclass(frozen=True)
class Member:
    """One member.

    Attributes
    ----------
    type, name : in C.
    dimensions : of an array, numbers or names of macros.
    macros : values of these.
    comment : meaning.
    """

    type: str
    name: str
    dimensions: tuple[int | str, ...]
    macros: Mapping[str, int]
    comment: str = ""

    @property
    def declaration(self) -> str:
        """A line of C."""
        array = "".join(f"[{d}]" for d in self.dimensions)
        return f"{self.type} {self.name}{array};" + (f" /* {self.comment} */" if self.comment else "")

    @property
    def size(self) -> int:
        """Bytes."""
        lengths = [self.macros[d] if isinstance(d, str) else d for d in self.dimensions]
        return _SIZES[self.type] * math.prod(lengths)


def compute_structure_size(members: Sequence[Member]) -> int:
    """Bytes of the structure: members lie at multiples of their type's size, and the whole at one of the widest."""
    size = 0
    for member in members:
        size = _align(size, _SIZES[member.type]) + member.size
    return _align(size, max(_SIZES[m.type] for m in members))


def _align(size: int, unit: int) -> int:
    return -(-size // unit) * unit
