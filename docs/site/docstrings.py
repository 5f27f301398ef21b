"""How docstrings here are read: `name : text` in a list of parameters or attributes is a name and what it means.

Numpydoc takes what follows the colon for a type, and so it takes the text of `Returns`; types stand in the signatures
here. Names that share a text, as in `low, high : limits`, become items of their own, so that each has its own type and
default.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import griffe

_BODY = r"(?:(?!^\w[\w ]*\n-{3,}$).*\n?)*"  # all lines before the next heading
_SECTION = re.compile(rf"(?m)^(Parameters|Attributes)\n-+\n(?P<items>{_BODY})")
_RETURNS = re.compile(rf"(?m)^Returns\n-+\n(?P<text>{_BODY})")
_ITEM = re.compile(r"(?m)^(?P<names>\*{0,2}\w[\w, *]*?) : (?P<text>.*(?:\n[ \t]+.*)*)")


def to_numpydoc(docstring: str) -> str:
    """A docstring whose items have their text on lines of its own, as numpydoc wants descriptions."""
    docstring = _SECTION.sub(
        lambda section: section[0].replace(section["items"], _ITEM.sub(_items, section["items"])), docstring
    )
    return _RETURNS.sub(lambda section: f"Returns\n-------\n:\n{textwrap.indent(section['text'], '    ')}", docstring)


def _items(item: re.Match[str]) -> str:
    return "\n".join(_lines(item["names"].split(", "), item["text"]))


def _lines(names: list[str], text: str) -> Iterator[str]:
    """One item for each name; a `>` that begins a text is no quotation."""
    text = f"\\{text}" if text.startswith(">") else text
    for name in names:
        yield name
        yield f"    {text}"


class Docstrings(griffe.Extension):
    """Rewrites every docstring that griffe finds."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = to_numpydoc(obj.docstring.value)
