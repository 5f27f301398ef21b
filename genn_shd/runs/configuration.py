"""The configuration of a run: read it from its folder, compare it with another, and replace it."""

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
    "evaluation.copies",
    "recording.epochs",
    "recording.batches",
    "recording.samples",
    "recording.populations",
    "recording.variables",
    "report.baseline",
    "report.pj_per_synaptic_operation",
    "report.pj_per_multiply_add",
)
"""Settings that may change when a run is resumed. Paths may change, too: the content of files is checked instead."""


LATER = ("augmentation", "evaluation", "recording", "report", "rule")
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
    """Read the settings of a run as nested tables, under their current names.

    Raises
    ------
    SettingError
        The file cannot be read, or has a setting under two names.
    """
    values = read_toml(run.config_file)
    try:
        return update_names(values)
    except SettingError as error:
        raise SettingError(f"{run.config_file}: {error}") from None


def check_whole(run: RunPaths, values: Mapping[str, Any]) -> None:
    """Raise an error for a truncated file, which would be completed by defaults; tables in `LATER` may be missing."""
    tables = [name for name in Config.model_fields if name not in LATER]
    if any(name not in values for name in tables) or "monitor" not in values["training"]:
        raise SettingError(f"{run.config_file} is truncated, or not of a run; restore it, or choose another --out.")


def check_unchanged(run: RunPaths, config: Config) -> None:
    """Raise an error that names the first setting that differs, unless a run can be resumed with a configuration."""
    old, new = read_config(run).flatten(), config.flatten()
    may_differ = {*MAY_DIFFER, *find_path_settings(type(config))}
    for name in [*new, *(name for name in old if name not in new)]:
        is_free = name in may_differ or name.startswith("training.callbacks.")
        if not is_free and old.get(name) != new.get(name):
            raise SettingError(
                f"{run.path} holds a run with {_format(name, old)}, and now it is {_format(name, new)}; "
                "choose another --out, or use the old setting."
            )


def check_new(run: RunPaths) -> None:
    """Raise an error for a folder without a run that has files of a run; an empty log is allowed."""
    is_logged = run.log_file.exists() and run.log_file.stat().st_size > 0
    results = (run.history_file, run.timings_file, run.summary_file, run.baseline_file, run.evaluation_file)
    others = (run.checkpoint_file, run.best_file, run.environment_file, run.plots, run.recordings)
    for path in (*results, *others, *([run.log_file] if is_logged else [])):
        if path.exists():
            raise SettingError(f"{run.path} has {path.name} but no {run.config_file.name}; choose another --out.")


@contextmanager
def replace_configuration(run: RunPaths, config: Config) -> Iterator[None]:
    """Write the configuration into its file; restore the old one if the run cannot be resumed with it."""
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
