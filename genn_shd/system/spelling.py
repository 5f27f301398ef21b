"""Compare names independent of Unicode form, surrounding spaces and, if it is not significant, case."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def as_read(name: str) -> str:
    """Return a name in Unicode normal form C, without surrounding spaces."""
    return unicodedata.normalize("NFC", name).strip()


def find_positions(own: Sequence[str], names: Sequence[str]) -> list[int]:
    """Find the position in `names` of each name in `own`; -1 if it is not there.

    The exact name is searched first, then one that differs in Unicode form or spaces, then one that differs in case.
    Case is significant if two names of one list differ only in case, such as letters of an alphabet.
    """
    exact = {name: k for k, name in enumerate(names)}
    read = {as_read(name): k for k, name in enumerate(names)}
    folded = {name.casefold(): k for name, k in read.items()}
    own_read = {as_read(name) for name in own}
    if len(folded) < len(read) or len({name.casefold() for name in own_read}) < len(own_read):
        folded = {}
    return [exact.get(name, read.get(as_read(name), folded.get(as_read(name).casefold(), -1))) for name in own]


def find_duplicate(names: Sequence[str]) -> tuple[str, str] | None:
    """Find the first two names that look the same; None if there are none."""
    first: dict[str, str] = {}
    for name in names:
        if (read := as_read(name)) in first:
            return first[read], name
        first[read] = name
    return None


def are_numbers(names: Sequence[str]) -> bool:
    """Whether all names are whole numbers, which do not identify classes."""
    return all(as_read(name).isdecimal() for name in names)
