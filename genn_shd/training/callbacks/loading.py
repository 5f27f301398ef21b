"""Callbacks named in settings: a built-in one by its name, one of the user's own as `module:name`."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import GennShdError, SettingError, nearest
from ...system.import_path import load_object
from .base import Callback

BY_NAME = {"tensorboard": "genn_shd.training.callbacks.tensor_board:TensorBoard"}
"""Callbacks that settings may name without a module."""


def load_callbacks(names: Sequence[str]) -> list[Callback]:
    """Return a new callback for each name, in order. Importing a module of the user's own runs it.

    Parameters
    ----------
    names : keys of `BY_NAME`, or `module:name` of a class or function that is called without arguments.

    Raises
    ------
    SettingError
        A module or name that is not there, or gives no callback.
    """
    return [_load(name) for name in names]


def _load(name: str) -> Callback:
    module_name, colon, attribute = BY_NAME.get(name, name).partition(":")
    if not colon:
        known = ", ".join(BY_NAME)
        raise SettingError(
            f"training.callbacks: there is no {name!r}; known by name: {known}; one of your own is written "
            f"module:name.{nearest(name, list(BY_NAME))}"
        )
    factory = load_object(f"{module_name}:{attribute}", "callback", object, "derive its class from genn_shd.Callback")
    return _make(name, factory)


def _make(name: str, factory: object) -> Callback:
    try:
        callback = factory() if callable(factory) else factory
    except GennShdError:
        raise
    except Exception as error:
        raise SettingError(f"training.callbacks: {name!r} cannot be made: {error!r}.") from None
    if not isinstance(callback, Callback):
        raise SettingError(
            f"training.callbacks: {name!r} gives {type(callback).__name__}, no Callback; derive its class from "
            "genn_shd.Callback."
        )
    return callback
