"""Paths in settings: absolute from the moment they are read, so that they hold in any folder and for any worker."""

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
    """Dotted names of all settings of a model that are paths."""
    return frozenset(_list_paths(model, ""))


def make_paths_absolute(settings: Mapping[str, Any], folder: Path, paths: Collection[str]) -> dict[str, Any]:
    """Settings whose relative paths are taken from a folder; `~` is the home folder.

    Parameters
    ----------
    settings : nested or by dotted name.
    folder : of the file that they stand in.
    paths : dotted names of those that are paths.
    """
    return {name: _make_paths_absolute(value, name, folder, paths) for name, value in settings.items()}


def make_absolute(path: str, folder: Path) -> str:
    """A path from a folder on; an empty text, which is no path, stays.

    Raises
    ------
    SettingError
        It begins with `~` and the name of a user who is not there.
    """
    try:
        return os.path.abspath(folder / Path(path).expanduser()) if path else path  # noqa: PTH100  links stay as they are
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
