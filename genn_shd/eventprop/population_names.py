"""Names of populations in generated code: their own, unless the code would mean something else by them.

Such a population is called `population_2` there, after its place in the network. Users see their own names everywhere
else; the comment that opens the code names both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ..network.definitions import RESERVED_NAMES
from ..network.network import Network
from .code_names import WORDS_OF_COMPILERS
from .program import Program

_PLAIN = re.compile(r"[A-Za-z]\w*(?<!_)", re.ASCII)
_MACRO = re.compile(r"[A-Z][A-Z0-9_]{2,}", re.ASCII)
_NUMBERED = re.compile(r"population_\d+", re.ASCII)


def rename_populations(program: Program, taken: Collection[str], suffixes: Collection[str]) -> Program:
    """Rename the populations whose names cannot stand in the code.

    Parameters
    ----------
    taken : names that the templates use themselves.
    suffixes : what they append to the name of a population.
    """
    codes = choose_code_names([p.name for p in program.network.populations], taken, suffixes)
    if all(name == code for name, code in codes.items()):
        return program
    populations = tuple(replace(p, name=codes[p.name]) for p in program.populations)
    return replace(program, network=rename_network(program.network, codes), populations=populations)


def choose_code_names(names: Sequence[str], taken: Collection[str], suffixes: Collection[str]) -> dict[str, str]:
    """Choose a name in code for each population; no two are the same, nor names that are made of them."""
    return {
        name: name
        if _is_free(name, taken) and not any(_is_made_of(name, other, suffixes) for other in names)
        else f"population_{number}"
        for number, name in enumerate(names)
    }


def _is_free(name: str, taken: Collection[str]) -> bool:
    """Return whether the code and its headers mean nothing by a name, or by a name that begins with it."""
    if not _PLAIN.fullmatch(name) or _MACRO.fullmatch(name) or _NUMBERED.fullmatch(name):
        return False
    if name in RESERVED_NAMES or name in WORDS_OF_COMPILERS or name in taken:
        return False
    return not any(own.startswith(f"{name}_") for own in taken)


def _is_made_of(name: str, other: str, suffixes: Collection[str]) -> bool:
    """Return whether the code derives a name from another population's, such as `hidden_tape` from `hidden`."""
    if name == other or not name.startswith(other):
        return False
    end = name.removeprefix(other)
    return any(f"{suffix}_".startswith(f"{end}_") or end.startswith(suffix) for suffix in suffixes)


def rename_network(network: Network, codes: Mapping[str, str]) -> Network:
    """Return a network whose populations have other names; connections are called after them."""
    return replace(
        network,
        populations=tuple(replace(p, name=codes[p.name]) for p in network.populations),
        connections=tuple(replace(c, source=codes[c.source], target=codes[c.target]) for c in network.connections),
    )
