"""Errors of one line each: what was wrong, what is allowed, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GennShdError(Exception):
    """The base of all errors that a user can correct. Commands print it as one line and exit with 2."""


class SettingError(GennShdError, ValueError):
    """A setting, argument or name that is not allowed."""


class DataError(GennShdError, ValueError):
    """A file, array or sample that cannot be used."""


class BackendError(GennShdError, RuntimeError):
    """A back end that is missing, cannot compile, or failed while it ran."""


class DivergedError(GennShdError, ArithmeticError):
    """A loss or gradient that is not finite, or spikes without end."""


class BusyError(GennShdError):
    """A file or folder that another process is using."""


def suggest_nearest(name: str, allowed: Iterable[str]) -> str:
    """Return a hint for a misspelt name: ` Did you mean 'x'?`, or an empty string where nothing is near."""
    close = difflib.get_close_matches(str(name), [str(a) for a in allowed], n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def unknown_name(what: str, name: str, allowed: Iterable[str]) -> SettingError:
    """Return the error for a name that is not in a fixed list.

    Parameters
    ----------
    what : kind of the name, such as `neuron`.
    name : as it was given.
    allowed : all names of that kind.
    """
    allowed = list(allowed)
    return SettingError(f"{what} {name!r} is unknown; allowed: {', '.join(allowed)}.{suggest_nearest(name, allowed)}")
