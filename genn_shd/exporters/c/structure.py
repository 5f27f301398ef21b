"""Members of the C structure that holds the state of a network, and its size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SIZES = {"double": 8, "float": 4, "int32_t": 4, "uint32_t": 4, "uint16_t": 2}


@dataclass(frozen=True)
class Member:
    """A member of the structure.

    Attributes
    ----------
    type, name : type and name in C.
    dimensions : those of an array, as numbers or names of macros; none for a number.
    macros : name of a macro -> value.
    comment : comment in the declaration.
    """

    type: str
    name: str
    dimensions: tuple[int | str, ...]
    macros: Mapping[str, int]
    comment: str = ""

    @property
    def declaration(self) -> str:
        """Declaration in C, one line."""
        array = "".join(f"[{d}]" for d in self.dimensions)
        return f"{self.type} {self.name}{array};" + (f" /* {self.comment} */" if self.comment else "")

    @property
    def size(self) -> int:
        """Size in bytes, without padding."""
        lengths = [self.macros[d] if isinstance(d, str) else d for d in self.dimensions]
        return _SIZES[self.type] * math.prod(lengths)


def compute_structure_size(members: Sequence[Member]) -> int:
    """Compute the size of the structure in bytes, with the usual alignment: to the size of the type."""
    size = 0
    for member in members:
        size = _align(size, _SIZES[member.type]) + member.size
    return _align(size, max(_SIZES[m.type] for m in members))


def _align(size: int, unit: int) -> int:
    return -(-size // unit) * unit
