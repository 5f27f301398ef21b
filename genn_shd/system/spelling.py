"""Comparison of names as people read them, for any spelling in a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def as_read(name: str) -> str:
    """A name as it is read: in one normal form of Unicode, without blanks around it."""
    return unicodedata.normalize("NFC", name).strip()


def find_positions(own: Sequence[str], names: Sequence[str]) -> list[int]:
    """Find the position in `names` of each of `own`; -1 where it is not there.

    A name is looked for as it is spelt, then as it is read, then in any case. Case counts where either list tells names
    apart by nothing else, as letters of an alphabet.
    """
    exact = {name: k for k, name in enumerate(names)}
    read = {as_read(name): k for k, name in enumerate(names)}
    folded = {name.casefold(): k for name, k in read.items()}
    own_read = {as_read(name) for name in own}
    if len(folded) < len(read) or len({name.casefold() for name in own_read}) < len(own_read):
        folded = {}
    return [exact.get(name, read.get(as_read(name), folded.get(as_read(name).casefold(), -1))) for name in own]


def find_duplicate(names: Sequence[str]) -> tuple[str, str] | None:
    """Find the first two names that look the same; None where there are none."""
    first: dict[str, str] = {}
    for name in names:
        if (read := as_read(name)) in first:
            return first[read], name
        first[read] = name
    return None


def are_numbers(names: Sequence[str]) -> bool:
    """Whether classes are called by whole numbers, which every list of words has too."""
    return all(as_read(name).isdecimal() for name in names)
