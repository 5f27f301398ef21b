"""Names as they are shown. Data keep them as they are; on a terminal, in a page or a figure they are one short line."""

from __future__ import annotations

from collections.abc import Iterable

WIDTH = 60
SENTENCE = 4000
"""Most characters of an error or a line of the log, which may quote names."""
_MOST_NAMES = 40
_GAP = "..."


def show_name(name: object, width: int = WIDTH) -> str:
    """A name of a class, speaker, file or run as text that can be shown anywhere.

    What would steer a terminal, break a line or not be text at all is escaped as Python does it (`\\n`, `\\x1b`,
    `\\udcff`); a long name keeps its start and its end.

    Parameters
    ----------
    name : anything with a text.
    width : most characters of the result, 8 or more.
    """
    text = str(name)
    if len(text) > width:
        text = (
            text[: width + 1] + text[-width:]
        )  # escapes only make it longer; 100,000 characters need not be looked at
    text = escape(text)
    if len(text) <= width:
        return text
    end = (width - len(_GAP)) // 3
    return text[: width - len(_GAP) - end] + _GAP + text[-end:]


def show_names(names: Iterable[object], width: int = WIDTH) -> str:
    """Names as a list in a sentence; of very many the first, and how many there are."""
    names = list(names)
    shown = [show_name(name, width) for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        shown.append(f"{_GAP} ({len(names)} in all)")
    return ", ".join(shown)


def escape(text: str) -> str:
    """A text of any length on one line, all that cannot be printed escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
