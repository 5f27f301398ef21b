"""How docstrings here are read: `name : text` in a list of parameters or attributes is a name and what it means.

Numpydoc takes what follows the colon for a type; types stand in the signatures here.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_SECTION = re.compile(r"^(Parameters|Attributes)\n-+\n", re.MULTILINE)
_ITEM = re.compile(r"^(\*{0,2}\w[\w, *]*?) : (?=\S)", re.MULTILINE)
_NEXT = re.compile(r"^\w[\w ]*\n-{3,}$", re.MULTILINE)


def to_numpydoc(docstring: str) -> str:
    """A docstring whose items have their text on a line of its own, as numpydoc wants descriptions."""
    done, rest = "", docstring
    while section := _SECTION.search(rest):
        following = _NEXT.search(rest, section.end())
        end = following.start() if following else len(rest)
        done += rest[: section.end()] + _ITEM.sub(r"\1\n    ", rest[section.end() : end])
        rest = rest[end:]
    return done + rest


class Docstrings(griffe.Extension):
    """Rewrites every docstring that griffe finds."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = to_numpydoc(obj.docstring.value)
