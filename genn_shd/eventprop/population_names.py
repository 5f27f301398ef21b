"""Names of populations in generated code: their own, unless the code uses them otherwise.

Then a population is called by its position in the network, such as `population_2`. Everywhere else its own name is
used; the comment at the start of the code lists both.
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
    """Rename the populations whose names cannot be used in the code.

    Parameters
    ----------
    taken : names that the templates use themselves.
    suffixes : suffixes that they append to names of populations.
    """
    codes = choose_code_names([p.name for p in program.network.populations], taken, suffixes)
    if all(name == code for name, code in codes.items()):
        return program
    populations = tuple(replace(p, name=codes[p.name]) for p in program.populations)
    return replace(program, network=rename_network(program.network, codes), populations=populations)


def choose_code_names(names: Sequence[str], taken: Collection[str], suffixes: Collection[str]) -> dict[str, str]:
    """Choose a name in code for each population, so that all names and names derived from them differ."""
    return {
        name: name
        if _is_free(name, taken) and not any(_is_made_of(name, other, suffixes) for other in names)
        else f"population_{number}"
        for number, name in enumerate(names)
    }


def _is_free(name: str, taken: Collection[str]) -> bool:
    """Whether the code and its headers use neither a name nor names that begin with it."""
    if not _PLAIN.fullmatch(name) or _MACRO.fullmatch(name) or _NUMBERED.fullmatch(name):
        return False
    if name in RESERVED_NAMES or name in WORDS_OF_COMPILERS or name in taken:
        return False
    return not any(own.startswith(f"{name}_") for own in taken)


def _is_made_of(name: str, other: str, suffixes: Collection[str]) -> bool:
    """Whether the code derives a name from that of another population, such as `hidden_tape` from `hidden`."""
    if name == other or not name.startswith(other):
        return False
    end = name.removeprefix(other)
    return any(f"{suffix}_".startswith(f"{end}_") or end.startswith(suffix) for suffix in suffixes)


def rename_network(network: Network, codes: Mapping[str, str]) -> Network:
    """Return a network with other names of populations, and of connections between them."""
    return replace(
        network,
        populations=tuple(replace(p, name=codes[p.name]) for p in network.populations),
        connections=tuple(replace(c, source=codes[c.source], target=codes[c.target]) for c in network.connections),
    )
