"""Callbacks named in settings: a built-in one by its name, one of the user's own as `module:name`."""

from __future__ import annotations

from collections.abc import Sequence

from ...config.schema.callbacks import NamedCallback, find_callback
from ...errors import GennShdError, SettingError
from .base import Callback


def load_callbacks(named: Sequence[NamedCallback]) -> list[Callback]:
    """Return a new callback for each, in order. Importing a module of the user's own runs it.

    Parameters
    ----------
    named : import path and parameters of each.

    Raises
    ------
    SettingError
        A module or name that is not there, or gives no callback.
    """
    return [_load(one) for one in named]


def _load(named: NamedCallback) -> Callback:
    found = find_callback(named.path)
    try:
        callback = found(**named.parameters) if callable(found) else found
    except GennShdError:
        raise
    except Exception as error:
        raise SettingError(f"training.callbacks: {named.path!r} cannot be made: {error!r}.") from None
    if not isinstance(callback, Callback):
        raise SettingError(
            f"training.callbacks: {named.path!r} gives {type(callback).__name__}, no Callback; derive its class from "
            "genn_shd.Callback."
        )
    return callback
