"""Paths in settings: made absolute when settings are read, so that they are valid in any folder and for any worker."""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..errors import SettingError
from .messages import find_choice, find_section


@functools.cache
def find_path_settings(model: type[BaseModel]) -> frozenset[str]:
    """Return the dotted names of all settings of a model that are paths."""
    return frozenset(_list_paths(model, ""))


def make_paths_absolute(settings: Mapping[str, Any], folder: Path, paths: Collection[str]) -> dict[str, Any]:
    """Return settings in which relative paths, taken from a folder, are absolute; `~` is the home folder.

    Parameters
    ----------
    settings : nested tables, or values by dotted name.
    folder : the folder of the file that the settings are from.
    paths : dotted names of the settings that are paths.
    """
    return {name: _make_paths_absolute(value, name, folder, paths) for name, value in settings.items()}


def make_absolute(path: str, folder: Path) -> str:
    """Return an absolute path for one relative to a folder; an empty string is returned unchanged.

    Raises
    ------
    SettingError
        The path begins with `~` and the name of an unknown user.
    """
    try:
        return os.path.abspath(folder / Path(path).expanduser()) if path else path  # noqa: PTH100  keeps links
    except RuntimeError:
        raise SettingError(f"{path}: there is no such user; give the path without ~.") from None


def _make_paths_absolute(value: Any, name: str, folder: Path, paths: Collection[str]) -> Any:
    if isinstance(value, Mapping) and any(path.startswith(f"{name}.") for path in paths):
        return {key: _make_paths_absolute(item, f"{name}.{key}", folder, paths) for key, item in value.items()}
    return make_absolute(value, folder) if isinstance(value, str) and name in paths else value


def _list_paths(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        options, table = find_choice(field), find_section(field)
        for within in options.options.values() if options else [table] if table else []:
            yield from _list_paths(within, f"{prefix}{name}.")
        if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("is_path"):
            yield f"{prefix}{name}"
