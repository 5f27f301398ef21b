"""Settings of a user's own definitions that a sweep names: in what all its trials share, or in its space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..config.messages import setting_names
from ..config.paths import path_settings
from ..config.schema import Config, config_model_for
from ..config.sources import combine, nested


def config_models(base: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]) -> tuple[type[Config], ...]:
    """Return the models of configurations that trials have. Modules that they name are imported, and so run.

    Parameters
    ----------
    base : settings that all trials share, as nested tables.
    changes : settings by dotted name that trials may have over them.

    Raises
    ------
    SettingError
        A definition that is not there.
    """
    changed = (combine(base, nested(settings)) for settings in ({}, *changes))
    return tuple(dict.fromkeys(map(config_model_for, changed)))


def all_names(models: Iterable[type[Config]]) -> frozenset[str]:
    """Return the dotted names of all settings of some models."""
    return frozenset(name for model in models for name, _ in setting_names(model))


def all_paths(models: Iterable[type[Config]]) -> frozenset[str]:
    """Return the dotted names of all settings of some models that are paths."""
    return frozenset(name for model in models for name in path_settings(model))


def changes_of(space: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the settings that choices and cases of a space stand for, whatever is written in it."""
    for name, parameter in space.items():
        if not isinstance(parameter, Mapping):
            continue
        if isinstance(cases := parameter.get("cases"), Mapping):
            yield from (dict(case) for case in cases.values() if isinstance(case, Mapping))
        if isinstance(values := parameter.get("choice"), list):
            yield from (dict.fromkeys(names_set_by(name, parameter), value) for value in values)


def names_set_by(name: str, parameter: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that a parameter sets, whatever is written there."""
    sets = parameter.get("sets", name)
    names = [sets] if isinstance(sets, str) else sets if isinstance(sets, list | Mapping) else []
    return list(map(str, names))
