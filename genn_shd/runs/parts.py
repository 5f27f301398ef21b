"""Find the trainings of a run: one for each seed, and in each of these one for each speaker left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..config.messages import explain, format_value
from ..config.schema import TrainingSettings
from ..errors import DataError, SettingError
from .configuration import check_whole, read_values
from .files import read_summary
from .paths import RunPaths


def find_expected_parts(run: RunPaths) -> list[Path]:
    """Return the folders of the trainings of a run, in order, as far as they are known; empty for a single one.

    Speakers are read from the folder. The configuration may have settings of other versions.

    Raises
    ------
    SettingError
        The configuration is not valid TOML, or has invalid seeds.
    """
    values = read_values(run)
    validation = values.get("validation", {})
    seeds = _read_seeds(run, values.get("training", {}))
    check_whole(run, values)
    if len(seeds) > 1:
        return [run.path / f"seed_{seed}" for seed in seeds]
    if not isinstance(validation, Mapping) or validation.get("kind") != "leave_one_speaker_out":
        return []
    return [run.path / f"fold_{speaker}" for speaker in _find_speakers(run)]


def find_parts(run: RunPaths) -> list[Path]:
    """Return the folders of the trainings that have been started, in order."""
    return [path for path in find_expected_parts(run) if RunPaths(path).config_file.is_file()]


def _find_speakers(run: RunPaths) -> list[int]:
    try:
        summary = read_summary(run.summary_file)
    except DataError:
        summary = {}
    names = {path.name for path in run.path.glob("fold_*")} | {*summary.get("missing", [])}
    numbers = [name.removeprefix("fold_") for name in names]
    return sorted(int(number) for number in numbers if number.isdecimal())


def _read_seeds(run: RunPaths, training: Any) -> tuple[int, ...]:
    if not isinstance(training, Mapping):
        value = format_value(training)
        raise SettingError(f"{run.config_file}: training = {value} is not allowed: it must be a table.")
    seeds = {name: training[name] for name in ("seed", "seeds") if name in training}
    try:
        return TrainingSettings.model_validate(seeds).all_seeds
    except ValidationError as error:
        raise SettingError(f"{run.config_file}: {explain(error, TrainingSettings, seeds)}") from None
