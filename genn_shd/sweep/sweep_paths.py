"""Paths in a sweep file: in settings, in parameters of the space, and of earlier sweeps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ..config import paths as config_paths
from ..config.paths import make_absolute
from ..config.sources import nest
from .own_definitions import list_changes, list_config_models, list_names_set_by, list_paths


def make_paths_absolute(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the tables of a sweep file, which may be invalid, with absolute paths; relative ones are from `folder`.

    Raises
    ------
    SettingError
        A user's definition that the file names does not exist.
    """
    space, settings = _convert_table(values.get("space")), _convert_table(values.get("settings"))
    paths = list_paths(list_config_models(nest(settings), list_changes(space)))
    of_paths = {name for name in space if not paths.isdisjoint(list_names_set_by(name, _convert_table(space[name])))}
    changed = dict(values)
    if settings:
        changed["settings"] = config_paths.make_paths_absolute(settings, folder, paths)
    if space:
        changed["space"] = {name: _convert_parameter(space[name], name in of_paths, folder, paths) for name in space}
    if _convert_table(values.get("strategy")):
        changed["strategy"] = _convert_strategy(values["strategy"], of_paths, folder)
    return changed


def _convert_table(value: Any) -> Mapping[str, Any]:
    """Return a table, or an empty one for another value, which is refused later."""
    return value if isinstance(value, Mapping) else {}


def _convert_parameter(value: Any, is_path: bool, folder: Path, paths: Collection[str]) -> Any:
    parameter = dict(_convert_table(value))
    if is_path and "choice" in parameter:
        parameter["choice"] = _list_paths(parameter["choice"], folder)
    if cases := _convert_table(parameter.get("cases")):
        parameter["cases"] = {
            name: config_paths.make_paths_absolute(case, folder, paths) if isinstance(case, Mapping) else case
            for name, case in cases.items()
        }
    return parameter if isinstance(value, Mapping) else value


def _convert_strategy(strategy: Mapping[str, Any], of_paths: set[str], folder: Path) -> dict[str, Any]:
    changed = dict(strategy)
    if "warm_start" in strategy:
        changed["warm_start"] = _list_paths(strategy["warm_start"], folder)
    if isinstance(points := strategy.get("points"), list):
        changed["points"] = [
            {name: _list_paths(value, folder) if name in of_paths else value for name, value in point.items()}
            if isinstance(point, Mapping)
            else point
            for point in points
        ]
    return changed


def _list_paths(value: Any, folder: Path) -> Any:
    """Make a path or the paths of a list absolute; other values are returned unchanged."""
    if isinstance(value, list):
        return [_list_paths(item, folder) for item in value]
    return make_absolute(value, folder) if isinstance(value, str) else value
