"""Errors for users. Each message is one line: what was wrong, what is allowed, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GennShdError(Exception):
    """Base class of all errors that a user can correct. Commands print the message and exit with status 2."""


class SettingError(GennShdError, ValueError):
    """A setting, argument or name is not allowed."""


class DataError(GennShdError, ValueError):
    """A file, array or sample cannot be used."""


class BackendError(GennShdError, RuntimeError):
    """A back end is missing, cannot compile, or failed while it ran."""


class DivergedError(GennShdError, ArithmeticError):
    """A state, loss or gradient is not finite, or a neuron never stops spiking."""


class BusyError(GennShdError):
    """Another process is using a file or folder."""


def suggest_nearest(name: str, allowed: Iterable[str]) -> str:
    """Return a hint for a misspelt name, ` Did you mean 'x'?`, or an empty string if no name is similar."""
    close = difflib.get_close_matches(str(name), [str(a) for a in allowed], n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def unknown_name(what: str, name: str, allowed: Iterable[str]) -> SettingError:
    """Return the error for a name that is not in a fixed list.

    Parameters
    ----------
    what : kind of thing that the name is of, such as `neuron`.
    name : the name that was given.
    allowed : all names of that kind.
    """
    allowed = list(allowed)
    return SettingError(f"{what} {name!r} is unknown; allowed: {', '.join(allowed)}.{suggest_nearest(name, allowed)}")
