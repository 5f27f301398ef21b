"""Read and check the result files of a run folder; a file that is not as it was written is a DataError."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from ..errors import DataError
from ..system.files import read_json
from .checkpoint_state import Count, HistoryRow, Part, Seconds, describe_first_problem
from .evaluation_report import Operations
from .results import Row

_Mean = Annotated[float, Field(allow_inf_nan=False)]


class _Content(BaseModel):
    """Base class: the entries that readers need; a file may have others."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Summary(_Content):
    """Summary of one training; that of several trainings has no epochs, and may list missing trainings."""

    status: Literal["complete", "interrupted", "diverged", "under way"]
    epochs: Count | None = None
    best: HistoryRow | None = None
    last: HistoryRow | None = None
    complete: list[str] = []
    missing: list[str] = []
    silent_layers: list[str] = []
    baseline: dict[str, Part] | None = None
    seconds: Seconds = 0.0


class _Baseline(_Content):
    """Accuracies by part of the data."""

    accuracy: dict[str, Part]


_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Operations(_Content):
    """The fields of `Operations`."""

    input_spikes: _Amount
    hidden_spikes: _Amount
    synaptic_operations: _Amount
    microjoules: _Amount
    dense_multiply_adds: _Amount
    dense_microjoules: _Amount


class _Report(_Content):
    """Results on one part of the data."""

    samples: Annotated[int, Field(ge=1)]
    accuracy: Part
    operations: _Operations | None = None
    confusion: Annotated[list[list[Count]], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_counts(self) -> _Report:
        if any(len(row) != len(self.confusion) for row in self.confusion):
            raise ValueError("confusion must be square")
        if sum(map(sum, self.confusion)) != self.samples:
            raise ValueError("confusion must count every sample")
        return self


class _Evaluation(_Content):
    incomplete: dict[str, str] = {}
    parts: dict[str, _Report]


class _Start(_Content):
    command: list[str] = []
    model: dict[str, Any] = {}


class _Environment(_Start):
    resumed: list[_Start] = []


def read_summary(path: Path) -> dict[str, Any]:
    """Read the summary of a run; empty if there is none yet."""
    return _read(path, _Summary)


def read_baseline(path: Path) -> dict[str, float] | None:
    """Read the accuracies of the linear classifier by part of the data; None if there are none."""
    return _read(path, _Baseline).get("accuracy")


def read_confusions(path: Path) -> dict[str, np.ndarray]:
    """Read the confusion matrices of an evaluation, (C, C) counts by part of the data; empty if there is none."""
    return {part: np.array(report["confusion"]) for part, report in _read(path, _Evaluation).get("parts", {}).items()}


def read_operations(path: Path) -> dict[str, Operations]:
    """Read the operations per sample by part of the data; empty if the evaluation has none."""
    parts = _read(path, _Evaluation).get("parts", {})
    return {part: Operations(**found) for part, report in parts.items() if (found := report.get("operations"))}


def read_environment(path: Path) -> dict[str, Any]:
    """Read the environment in which a run was started, and later changes under `resumed`; empty if unknown."""
    return _read(path, _Environment)


def read_history(path: Path) -> list[Row]:
    """Read the metrics of all complete epochs, one row for each.

    Raises
    ------
    DataError
        The file is damaged.
    """
    rows = [{name: _parse_number(text) for name, text in row.items()} for row in read_table(path)]
    try:
        checked = TypeAdapter(list[HistoryRow]).validate_python(rows)
    except ValidationError as error:
        raise _make_damage_error(path, describe_first_problem(error)) from None
    if [row.epoch for row in checked] != list(range(1, len(rows) + 1)):
        raise _make_damage_error(path, "epochs are missing")
    return rows


def read_table(path: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV file, which must have the same number of columns; empty if there is no file.

    Raises
    ------
    DataError
        The file is damaged.
    """
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a CSV file"
        raise _make_damage_error(path, str(reason)) from None
    if any(None in row or None in row.values() for row in rows):
        raise _make_damage_error(path, "a row is too short or too long")
    return rows


def _read(path: Path, content: type[BaseModel]) -> dict[str, Any]:
    values = read_json(path)
    try:
        if values:
            content.model_validate(values)
    except ValidationError as error:
        raise _make_damage_error(path, describe_first_problem(error)) from None
    return values


def _parse_number(text: str) -> float | int | str | None:
    """Convert text to a number; other text is returned, and refused later with the name of its column."""
    if not text:
        return None
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return text


def _make_damage_error(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: this file is damaged ({reason}); delete it, and train or evaluate again.")
