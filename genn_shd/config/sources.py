"""Make a configuration from a preset, a file and settings of the command line; later ones take precedence."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from .._moved import serve_old_names
from ..errors import SettingError, suggest_nearest, unknown_name
from .aliases import update_names
from .losses import name_choices
from .messages import find_choice
from .paths import find_path_settings, make_paths_absolute
from .schema import Config, choose_config_model

__getattr__ = serve_old_names(__name__, {"load": "load_config"})

Table = dict[str, Any]


def load_config(preset: str | None = None, file: Path | None = None, settings: Iterable[str] = ()) -> Config:
    """Make a configuration from defaults, a preset, a TOML file and settings `a.b=c`; later sources take precedence.

    If a later source changes the kind of a table (`dataset.name`, `loss.name`, `validation.kind`), it replaces the
    whole table, since settings of one data set have no meaning for another. Relative paths in a file are relative to
    its folder, those in `settings` to the current folder.

    Parameters
    ----------
    preset : name of a preset that comes with the package, such as `shd`.
    file : a TOML file.
    settings : settings such as `training.epochs=5`; a value is written as in TOML, or is plain text.

    Raises
    ------
    SettingError
        The preset is unknown, the file is missing or not TOML, or a setting is unknown or not allowed.
    """
    below, own, above = read_preset(preset) if preset else {}, read_toml(file) if file else {}, _parse(settings)
    paths = find_path_settings(choose_config_model(combine(below, own, above)))
    return from_layers(
        below,
        make_paths_absolute(own, file.parent, paths) if file else {},
        make_paths_absolute(above, Path.cwd(), paths),
    )


def from_layers(*layers: Mapping[str, Any]) -> Config:
    """Make a configuration from defaults and nested tables; later tables take precedence.

    Raises
    ------
    SettingError
        A setting is unknown or not allowed.
    """
    return Config.from_values(_with_default_choices(combine(*layers)))


def find_model(file: Path | None = None, settings: Iterable[str] = ()) -> type[Config]:
    """Return the model of all settings, including those of user definitions that a file or settings name.

    Raises
    ------
    SettingError
        A file or definition does not exist.
    """
    return choose_config_model(combine(read_toml(file) if file else {}, _parse(settings)))


def combine(*layers: Mapping[str, Any]) -> Table:
    """Merge nested tables; later ones take precedence, and a table whose kind changes replaces the earlier one."""
    values: Table = {}
    for layer in layers:
        values = _merge(values, _normalise(layer), _list_choices())
    return values


def nest(settings: Mapping[str, Any]) -> Table:
    """Make nested tables of settings by dotted name; settings that are nested already are kept."""
    values: Table = {}
    for name, value in settings.items():
        values = _merge(values, _normalise(_nest(name.split("."), value)), {})
    return values


def choose_preset(name: str, file: Path | None, settings: Iterable[str]) -> str | None:
    """Return the default preset `name`, or None if a file is given or settings name another data set."""
    table, own = parse_settings(settings).get("dataset"), read_preset(name)["dataset"]["name"]
    other = isinstance(table, dict) and table.get("name", own) != own
    return None if file or other else name


def list_presets() -> list[str]:
    """List the names of the presets that come with the package."""
    return sorted(p.name.removesuffix(".toml") for p in _find_presets().iterdir() if p.name.endswith(".toml"))


def read_preset(name: str) -> Table:
    """Read the settings of a preset, as nested tables; a SettingError if there is none of that name."""
    if name not in list_presets():
        raise unknown_name("preset", name, list_presets())
    return tomllib.loads((_find_presets() / f"{name}.toml").read_text(encoding="utf-8"))


def read_toml(path: Path) -> Table:
    """Read the settings of a TOML file, as nested tables; a SettingError if it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        others = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise SettingError(f"{path}: no such configuration file.{suggest_nearest(path.name, others)}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingError(f"{path}: cannot read this configuration file: {reason}.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path}: not valid TOML: {error}.") from None
    except RecursionError:
        raise SettingError(f"{path}: not valid TOML: tables or lists are nested too deeply.") from None


def parse_settings(settings: Iterable[str]) -> Table:
    """Make nested tables of settings `a.b=c`, c being a TOML value or plain text; relative paths are made absolute."""
    values = _parse(settings)
    return make_paths_absolute(values, Path.cwd(), find_path_settings(choose_config_model(values)))


def _parse(settings: Iterable[str]) -> Table:
    values: Table = {}
    for item in settings:
        name, equals, text = item.partition("=")
        keys = [key.strip() for key in name.split(".")]
        if not equals or not all(keys):
            raise SettingError(f"{item!r} is not a setting; write name=value, for example training.epochs=50.")
        values = _merge(values, _normalise(_nest(keys, _parse_value(text.strip()))), {})
    return values


def _normalise(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return nested tables with settings under their current names, and a loss or learning rule as a table."""
    return update_names(name_choices(values))


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
    """Return the tables that have several kinds, each with the setting that chooses the kind."""
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
    """Whether the new table is of the same kind as the old one and is merged into it; otherwise it replaces it."""
    return by is None or all(new.get(key, old.get(key)) == old.get(key) for key in (by, "definition_at"))


def _with_default_choices(values: Table) -> Table:
    """Add the default kind to tables that have several kinds and do not state theirs."""
    defaults = Config().to_values()
    return values | {
        name: {by: defaults[name][by], **values[name]}
        for name, by in _list_choices().items()
        if isinstance(values.get(name), Mapping)
    }
