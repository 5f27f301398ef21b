"""Sources of settings: a preset, a file, single settings of the command line; later ones win."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import SettingError, suggest_nearest, unknown_name
from .aliases import update_names
from .losses import name_loss
from .messages import find_choice
from .paths import find_path_settings, make_paths_absolute
from .schema import Config, choose_config_model

Table = dict[str, Any]


def load(preset: str | None = None, file: Path | None = None, settings: Iterable[str] = ()) -> Config:
    """A configuration from defaults, a preset, a TOML file and settings `a.b=c`, each over the one before.

    A table whose kind changes from one source to the next (`dataset.name`, `loss.name`, `validation.kind`) is
    replaced and not merged: the settings of one data set mean nothing to another. Relative paths are taken from the
    folder of the file that they stand in, those of single settings from the current folder.

    Raises
    ------
    SettingError
        An unknown preset, a file that is missing or no TOML, a setting that is unknown or not allowed.
    """
    below, own, above = read_preset(preset) if preset else {}, read_toml(file) if file else {}, _parse(settings)
    paths = find_path_settings(choose_config_model(combine(below, own, above)))
    return from_layers(
        below,
        make_paths_absolute(own, file.parent, paths) if file else {},
        make_paths_absolute(above, Path.cwd(), paths),
    )


def from_layers(*layers: Mapping[str, Any]) -> Config:
    """A configuration from defaults and nested tables, each over the one before.

    Raises
    ------
    SettingError
        A setting that is unknown or not allowed.
    """
    return Config.from_values(_with_default_choices(combine(*layers)))


def find_model(file: Path | None = None, settings: Iterable[str] = ()) -> type[Config]:
    """Return the model of all settings there are, those of a user's own definitions that a file or settings name too.

    Raises
    ------
    SettingError
        A file or definition that is not there.
    """
    return choose_config_model(combine(read_toml(file) if file else {}, _parse(settings)))


def combine(*layers: Mapping[str, Any]) -> Table:
    """Nested tables laid over one another; one whose kind changes takes the place of what lies below it."""
    values: Table = {}
    for layer in layers:
        values = _merge(values, _normalise(layer), _list_choices())
    return values


def nest(settings: Mapping[str, Any]) -> Table:
    """Nested tables from settings by dotted name; those that are nested already stay."""
    values: Table = {}
    for name, value in settings.items():
        values = _merge(values, _normalise(_nest(name.split("."), value)), {})
    return values


def choose_preset(name: str, file: Path | None, settings: Iterable[str]) -> str | None:
    """The preset to start from where none is asked for: none beside a file or for a data set it was not made for."""
    table, own = parse_settings(settings).get("dataset"), read_preset(name)["dataset"]["name"]
    other = isinstance(table, dict) and table.get("name", own) != own
    return None if file or other else name


def list_presets() -> list[str]:
    """Names of the presets that come with the package."""
    return sorted(p.name.removesuffix(".toml") for p in _find_presets().iterdir() if p.name.endswith(".toml"))


def read_preset(name: str) -> Table:
    """The settings of a preset."""
    if name not in list_presets():
        raise unknown_name("preset", name, list_presets())
    return tomllib.loads((_find_presets() / f"{name}.toml").read_text(encoding="utf-8"))


def read_toml(path: Path) -> Table:
    """The settings of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        others = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise SettingError(f"{path}: no such configuration file.{suggest_nearest(path.name, others)}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingError(f"{path}: cannot read this configuration file: {reason}.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path}: not valid TOML: {error}.") from None
    except RecursionError:
        raise SettingError(f"{path}: not valid TOML: tables or lists are nested too deeply.") from None


def parse_settings(settings: Iterable[str]) -> Table:
    """Nested tables from settings `a.b=c`; c is a TOML value, or else plain text. Paths are absolute."""
    values = _parse(settings)
    return make_paths_absolute(values, Path.cwd(), find_path_settings(choose_config_model(values)))


def _parse(settings: Iterable[str]) -> Table:
    values: Table = {}
    for item in settings:
        name, equals, text = item.partition("=")
        keys = [key.strip() for key in name.split(".")]
        if not equals or not all(keys):
            raise SettingError(f"{item!r} is no setting: write name=value, for example training.epochs=50.")
        values = _merge(values, _normalise(_nest(keys, _parse_value(text.strip()))), {})
    return values


def _normalise(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return nested tables with settings under their current names, and a loss as a table."""
    return update_names(name_loss(values))


def _find_presets() -> Any:
    return resources.files("genn_shd.config.presets")


def _parse_value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return parsed["value"] if list(parsed) == ["value"] else text


def _nest(keys: list[str], value: Any) -> Table:
    for key in reversed(keys):
        value = {key: value}
    return value


def _list_choices() -> dict[str, str]:
    """Tables that come in kinds, and the setting that says which kind."""
    found = {name: find_choice(field) for name, field in Config.model_fields.items()}
    return {name: options.by for name, options in found.items() if options}


def _merge(below: Mapping[str, Any], above: Mapping[str, Any], choices: Mapping[str, str]) -> Table:
    merged = dict(below)
    for name, value in above.items():
        old = merged.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            same_kind = _is_same_kind(old, value, choices.get(name))
            merged[name] = _merge(old, value, {}) if same_kind else value
        else:
            merged[name] = value
    return merged


def _is_same_kind(old: Mapping[str, Any], new: Mapping[str, Any], by: str | None) -> bool:
    """Whether the new table adds to the old one; otherwise it takes its place."""
    return by is None or all(new.get(key, old.get(key)) == old.get(key) for key in (by, "definition_at"))


def _with_default_choices(values: Table) -> Table:
    """Add the default's kind to tables that come in kinds and do not name theirs."""
    defaults = Config().values()
    return values | {
        name: {by: defaults[name][by], **values[name]}
        for name, by in _list_choices().items()
        if isinstance(values.get(name), Mapping)
    }
