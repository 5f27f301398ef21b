"""Settings of callbacks; the settings of a callback are the parameters of its class."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import Field, create_model

from ...errors import SettingError, suggest_nearest
from ...system.described import list_fields
from ...system.import_path import is_import_path, load_object
from ..messages import format_value, join_names
from ..sections import Section, declare_setting

BY_NAME = {"tensorboard": "genn_shd.training.callbacks.tensor_board:TensorBoard"}
"""Callbacks that settings can name without a module, and their import paths."""

_NAME = re.compile(r"[A-Za-z][\w-]*")


class NamedCallback(NamedTuple):
    """A callback that is named in settings.

    Attributes
    ----------
    path : key of `BY_NAME`, or import path `module:name`.
    parameters : its parameters, by name.
    """

    path: str
    parameters: Mapping[str, Any]


class CallbackSettings(Section):
    """A callback and its settings."""


class CallbackTables(Section):
    """Callbacks of training: one table for each, with a name that the user chooses."""

    @property
    def named(self) -> tuple[NamedCallback, ...]:
        """The callbacks in their order."""
        tables = (getattr(self, name).model_dump(exclude_none=True) for name in type(self).model_fields)
        return tuple(NamedCallback(table.pop("class"), table) for table in tables)


def find_callback(path: str) -> Any:
    """Import the class or function that makes a callback, or the callback itself.

    Parameters
    ----------
    path : key of `BY_NAME`, or import path `module:name`.

    Raises
    ------
    SettingError
        There is no such callback.
    """
    if not is_import_path(path) and path not in BY_NAME:
        known = ", ".join(BY_NAME)
        raise SettingError(
            f"training.callbacks: there is no {path!r}; allowed: {known}, and your own callbacks as "
            f"module:name.{suggest_nearest(path, list(BY_NAME))}"
        )
    return load_object(BY_NAME.get(path, path), "callback", object, "derive its class from genn_shd.Callback")


def list_named_paths(tables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the name of each table of `training.callbacks`, and the import path or name of its callback.

    Raises
    ------
    SettingError
        A table names no callback, or its own name is not a word.
    """
    for name, table in tables.items():
        where = f"training.callbacks.{join_names([name])}"
        if not _NAME.fullmatch(name):
            raise SettingError(f"{where} is not allowed: name the table with a word, such as training.callbacks.mine.")
        if not isinstance(table, Mapping):
            raise SettingError(
                f"{where} = {format_value(table)} is not allowed: it must be a table of class = 'module:name' and the "
                "callback's own settings."
            )
        path = table.get("class", name if name in BY_NAME else None)
        if not isinstance(path, str):
            raise SettingError(f"{where}.class is not set: give 'module:name' of the callback's class.")
        yield name, path


def make_callback_tables(paths: Mapping[str, str]) -> type[CallbackTables]:
    """Make the settings of callbacks in tables, from the name and the import path of each.

    Raises
    ------
    SettingError
        There is no such callback, or one of its parameters has no type.
    """
    tables = {name: _make_settings(name, path) for name, path in paths.items()}
    fields: dict[str, Any] = {name: (table, Field(default_factory=table)) for name, table in tables.items()}
    return create_model("CallbackTables", __base__=CallbackTables, __doc__=CallbackTables.__doc__, **fields)


def _make_settings(name: str, path: str) -> type[CallbackSettings]:
    found = find_callback(path)
    fields: dict[str, Any] = list_fields(found) if callable(found) else {}
    return create_model(
        f"{name}_callback",
        __base__=CallbackSettings,
        __doc__=inspect.getdoc(found) or CallbackSettings.__doc__,
        **{"class": (Literal[path], declare_setting(path, "which callback, as module:name")), **fields},
    )
