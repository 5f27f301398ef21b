"""Make the callbacks that settings name: built-in ones by name, a user's own as `module:name`."""

from __future__ import annotations

from collections.abc import Sequence

from ...config.schema.callbacks import NamedCallback, find_callback
from ...errors import GennShdError, SettingError
from .base import Callback


def load_callbacks(named: Sequence[NamedCallback]) -> list[Callback]:
    """Make callbacks, in order. Importing a user's module runs it.

    Parameters
    ----------
    named : name or import path, and parameters, of each callback.

    Raises
    ------
    SettingError
        A module or name does not exist, or it does not make a callback.
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
            f"training.callbacks: {named.path!r} is {type(callback).__name__}, not a Callback; derive its class from "
            "genn_shd.Callback."
        )
    return callback
