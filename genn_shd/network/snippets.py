"""Analyse snippets of code, and embed them into other code under other names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_IDENTIFIER = re.compile(r"(?<![.\w])[A-Za-z_]\w*")


def find_names(*snippets: str) -> set[str]:
    """Return the names that occur in snippets."""
    return set().union(*(set(_IDENTIFIER.findall(s)) for s in snippets))


def is_assigned(name: str, *snippets: str) -> bool:
    """Whether any of the snippets assigns to a name."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}\s*(?:[-+*/]?=)(?!=)")
    return any(pattern.search(s) for s in snippets)


def rename(snippet: str, names: Mapping[str, str]) -> str:
    """Replace names in a snippet; `names` maps old to new ones."""
    return _IDENTIFIER.sub(lambda match: names.get(match[0], match[0]), snippet)


def write_scope(body: Iterable[str], variables: Mapping[str, str], constants: Mapping[str, str]) -> str:
    """Write statements as a block in which variables of the surrounding code have the names that the statements use.

    The block copies in only the variables that the statements use, and copies out only those that they assign.

    Parameters
    ----------
    body : statements.
    variables : name in the statements -> name outside, assigned at the end if the statements assign to it.
    constants : name in the statements -> expression outside.
    """
    statements = list(body)
    used = find_names(*statements)
    fetch = [f"const scalar {name} = {outside};" for name, outside in constants.items() if name in used]
    fetch += [f"scalar {name} = {outside};" for name, outside in variables.items() if name in used]
    put = [f"{outside} = {name};" for name, outside in variables.items() if is_assigned(name, *statements)]
    return "{ " + "\n".join([*fetch, *statements, *put]) + " }"
