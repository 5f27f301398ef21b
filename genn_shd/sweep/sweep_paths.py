"""Paths in a sweep file: in its settings, in the parameters that set them, and the sweeps it starts from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ..config import paths as config_paths
from ..config.paths import absolute
from ..config.sources import nested
from .own_definitions import all_paths, changes_of, config_models, names_set_by


def with_absolute_paths(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The tables of a sweep file, whatever is in them, with relative paths taken from a folder.

    Raises
    ------
    SettingError
        A definition of a user's own that it names is not there.
    """
    space, settings = _table(values.get("space")), _table(values.get("settings"))
    paths = all_paths(config_models(nested(settings), changes_of(space)))
    of_paths = {name for name in space if not paths.isdisjoint(names_set_by(name, _table(space[name])))}
    changed = dict(values)
    if settings:
        changed["settings"] = config_paths.with_absolute_paths(settings, folder, paths)
    if space:
        changed["space"] = {name: _parameter(space[name], name in of_paths, folder, paths) for name in space}
    if _table(values.get("strategy")):
        changed["strategy"] = _strategy(values["strategy"], of_paths, folder)
    return changed


def _table(value: Any) -> Mapping[str, Any]:
    """A table, or an empty one in place of what is none and is refused later."""
    return value if isinstance(value, Mapping) else {}


def _parameter(value: Any, is_path: bool, folder: Path, paths: Collection[str]) -> Any:
    parameter = dict(_table(value))
    if is_path and "choice" in parameter:
        parameter["choice"] = _paths(parameter["choice"], folder)
    if cases := _table(parameter.get("cases")):
        parameter["cases"] = {
            name: config_paths.with_absolute_paths(case, folder, paths) if isinstance(case, Mapping) else case
            for name, case in cases.items()
        }
    return parameter if isinstance(value, Mapping) else value


def _strategy(strategy: Mapping[str, Any], of_paths: set[str], folder: Path) -> dict[str, Any]:
    changed = dict(strategy)
    if "warm_start" in strategy:
        changed["warm_start"] = _paths(strategy["warm_start"], folder)
    if isinstance(points := strategy.get("points"), list):
        changed["points"] = [
            {name: _paths(value, folder) if name in of_paths else value for name, value in point.items()}
            if isinstance(point, Mapping)
            else point
            for point in points
        ]
    return changed


def _paths(value: Any, folder: Path) -> Any:
    """A path, or a list of such; anything else as it is."""
    if isinstance(value, list):
        return [_paths(item, folder) for item in value]
    return absolute(value, folder) if isinstance(value, str) else value
