"""Format names for a terminal, a page or a figure: one short line; data keep names unchanged."""

from __future__ import annotations

from collections.abc import Iterable

WIDTH = 60
SENTENCE = 4000
"""Most characters of an error or a line of the log, which may quote names."""
_MOST_NAMES = 40
_GAP = "..."


def show_name(name: object, width: int = WIDTH) -> str:
    """Format the name of a class, speaker, file or run as text that can be shown anywhere.

    Control characters, line breaks and invalid characters are escaped as in Python (`\\n`, `\\x1b`, `\\udcff`); the
    middle of a long name is left out.

    Parameters
    ----------
    name : the name, or any object with a text.
    width : most characters of the result, 8 or more.
    """
    text = str(name)
    if len(text) > width:
        text = (
            text[: width + 1] + text[-width:]
        )  # escaping only makes text longer, so the rest of a very long name does not matter
    text = escape(text)
    if len(text) <= width:
        return text
    end = (width - len(_GAP)) // 3
    return text[: width - len(_GAP) - end] + _GAP + text[-end:]


def show_names(names: Iterable[object], width: int = WIDTH) -> str:
    """Format names as a list in a sentence; of very many names, only the first and the total number."""
    names = list(names)
    shown = [show_name(name, width) for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        shown.append(f"{_GAP} ({len(names)} in all)")
    return ", ".join(shown)


def escape(text: str) -> str:
    """Escape all characters of a text that cannot be printed, so that it is one line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
