"""Settings of a user's definitions that a sweep names, in its settings or in its space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..config.messages import list_names
from ..config.paths import find_path_settings
from ..config.schema import Config, choose_config_model
from ..config.sources import combine, nest


def list_config_models(base: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]) -> tuple[type[Config], ...]:
    """Return the models of the configurations of trials. Importing the modules that they name runs them.

    Parameters
    ----------
    base : settings that all trials share, as nested tables.
    changes : settings by dotted name that trials may change.

    Raises
    ------
    SettingError
        A definition does not exist.
    """
    changed = (combine(base, nest(settings)) for settings in ({}, *changes))
    return tuple(dict.fromkeys(map(choose_config_model, changed)))


def list_all_names(models: Iterable[type[Config]]) -> frozenset[str]:
    """Return the dotted names of all settings of some models."""
    return frozenset(name for model in models for name, _ in list_names(model))


def list_paths(models: Iterable[type[Config]]) -> frozenset[str]:
    """Return the dotted names of all settings of some models that are paths."""
    return frozenset(name for model in models for name in find_path_settings(model))


def list_changes(space: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the settings of the choices and cases of a space, which may be invalid."""
    for name, parameter in space.items():
        if not isinstance(parameter, Mapping):
            continue
        if isinstance(cases := parameter.get("cases"), Mapping):
            yield from (dict(case) for case in cases.values() if isinstance(case, Mapping))
        if isinstance(values := parameter.get("choice"), list):
            yield from (dict.fromkeys(list_names_set_by(name, parameter), value) for value in values)


def list_names_set_by(name: str, parameter: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that a parameter sets, which may be invalid."""
    sets = parameter.get("sets", name)
    names = [sets] if isinstance(sets, str) else sets if isinstance(sets, list | Mapping) else []
    return list(map(str, names))
