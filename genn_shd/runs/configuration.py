"""The configuration of a run: read from its folder, compared with another one, and put into place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..config.aliases import update_names
from ..config.messages import format_value
from ..config.paths import find_path_settings
from ..config.schema import Config
from ..config.sources import read_toml
from ..errors import DataError, SettingError
from ..system.files import write_text
from .paths import RunPaths

MAY_DIFFER = (
    "training.epochs",
    "training.patience",
    "training.seeds",
    "training.callbacks",
    "simulation.num_threads",
    "simulation.profile",
    "recording.epochs",
    "recording.batches",
    "recording.samples",
    "recording.populations",
    "recording.variables",
    "report.baseline",
    "report.pj_per_synaptic_operation",
    "report.pj_per_multiply_add",
)
"""Settings with which a run may go on though they changed; paths are others: what files hold is checked by content."""


LATER = ("augmentation", "recording", "report", "rule")
"""Tables that run folders of earlier versions lack."""


def read_config(run: RunPaths) -> Config:
    """Read the configuration of a run.

    Raises
    ------
    SettingError
        The file cannot be read, or is of a version with other settings.
    """
    values = read_values(run)
    try:
        config = Config.from_values(values)
    except SettingError as error:
        raise SettingError(f"{run.config_file}: {error}") from None
    check_whole(run, values)
    return config


def read_values(run: RunPaths) -> dict[str, Any]:
    """Read the settings of a run as nested tables, under their names of today.

    Raises
    ------
    SettingError
        The file cannot be read, or a setting stands in it under two names.
    """
    values = read_toml(run.config_file)
    try:
        return update_names(values)
    except SettingError as error:
        raise SettingError(f"{run.config_file}: {error}") from None


def check_whole(run: RunPaths, values: Mapping[str, Any]) -> None:
    """Refuse a file cut short, lest it is filled up with defaults; `LATER` came later than the other tables."""
    tables = [name for name in Config.model_fields if name not in LATER]
    if any(name not in values for name in tables) or "monitor" not in values["training"]:
        raise SettingError(
            f"{run.config_file}: is of no run, or cut short; put the run's own back, or choose another --out."
        )


def check_unchanged(run: RunPaths, config: Config) -> None:
    """Refuse a configuration with which a run cannot go on; names the first setting that differs."""
    old, new = read_config(run).flatten(), config.flatten()
    may_differ = {*MAY_DIFFER, *find_path_settings(type(config))}
    for name in [*new, *(name for name in old if name not in new)]:
        is_free = name in may_differ or name.startswith("training.callbacks.")
        if not is_free and old.get(name) != new.get(name):
            raise SettingError(
                f"{run.path}: holds a run with {_format(name, old)}, and now it is {_format(name, new)}; "
                "choose another --out, or set it back."
            )


def check_new(run: RunPaths) -> None:
    """Refuse a folder without a run that holds what a run would write; a run killed at once left an empty log."""
    is_logged = run.log_file.exists() and run.log_file.stat().st_size > 0
    results = (run.history_file, run.timings_file, run.summary_file, run.baseline_file, run.evaluation_file)
    others = (run.checkpoint_file, run.best_file, run.environment_file, run.plots, run.recordings)
    for path in (*results, *others, *([run.log_file] if is_logged else [])):
        if path.exists():
            raise SettingError(f"{run.path}: holds {path.name} but no {run.config_file.name}; choose another --out.")


@contextmanager
def replace_configuration(run: RunPaths, config: Config) -> Iterator[None]:
    """Write the configuration into its file; the old one comes back where the run cannot go on with it."""
    before = run.config_file.read_text(encoding="utf-8") if run.config_file.exists() else None
    write_text(run.config_file, config.to_toml())
    try:
        yield
    except (SettingError, DataError):
        if before is not None:
            write_text(run.config_file, before)
        raise


def _format(name: str, settings: Mapping[str, Any]) -> str:
    return f"{name} = {format_value(settings[name])}" if name in settings else f"{name} not set"
