"""The trainings in a run folder, read as far as they have come: one, or those of all seeds and folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..config.sources import read_toml
from ..errors import DataError, SettingError
from ..recording.file import Recorded
from ..runs.checkpoint import Checkpoint
from ..runs.evaluation_report import Operations
from ..runs.files import read_confusions, read_environment, read_history, read_operations, read_summary
from ..runs.folder import RunFolder
from ..runs.progress import find_incomplete
from ..runs.results import Row

T = TypeVar("T")


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes
    ----------
    folder : its own.
    label : its place in the run folder, as `seed_0/fold_1`; the run's name where it is all of it.
    damages : which of the files that were asked for cannot be read, and why; all else is there without them.
    """

    folder: RunFolder
    label: str
    damages: list[str] = field(default_factory=list)

    @cached_property
    def history(self) -> list[Row]:
        """A row for each epoch; empty before the first has ended."""
        return self._read(read_history, self.folder.history_file) or []

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The summary; empty before there is one."""
        return self._read(read_summary, self.folder.summary_file) or {}

    @property
    def status(self) -> str:
        """`complete`, `interrupted`, `diverged`; `under way` where epochs came since, or none ended it yet; `unknown`
        where files are damaged."""
        written = ((self.folder.summary_file, self.summary), (self.folder.history_file, self.history))
        if any(not content and str(file) in damage for file, content in written for damage in self.damages):
            return "unknown"
        if self.summary.get("epochs") != len(self.history):
            return "under way"
        return str(self.summary.get("status", "under way"))

    @cached_property
    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the best epoch; None before there is one."""
        there = self.folder.best_file.exists()
        return self._read(_read_checkpoint, self.folder.best_file) if there else None

    @property
    def best(self) -> Row:
        """The row of the best epoch, whose weights were kept; empty before there is one."""
        kept = self.checkpoint.state["best"] if self.checkpoint else None
        return kept or self.summary.get("best") or {}  # where weights are lost, what they came to is not

    @property
    def seconds(self) -> float:
        """Time in epochs, s."""
        return float(sum(row["seconds"] or 0.0 for row in self.history))

    @cached_property
    def confusions(self) -> dict[str, np.ndarray]:
        """Part of the data -> confusion matrix, (C, C) counts; empty where nothing was evaluated."""
        return self._read(read_confusions, self.folder.evaluation_file) or {}

    @cached_property
    def operations(self) -> dict[str, Operations]:
        """Part of the data -> what a sample of it costs; empty where nothing was evaluated."""
        return self._read(read_operations, self.folder.evaluation_file) or {}

    def read_weights(self) -> dict[str, np.ndarray]:
        """Trained parameters of the best epoch; empty before there is one."""
        return self.checkpoint.select_group("parameters") if self.checkpoint else {}

    @property
    def recording_files(self) -> list[Path]:
        """Recordings, the oldest epoch first."""
        return sorted(self.folder.recordings.glob("*.h5"), key=_make_sort_key)

    @cached_property
    def recordings(self) -> list[tuple[str, Recorded]]:
        """Recordings with their names."""
        found = [(file.stem, self._read(Recorded.read, file)) for file in self.recording_files]
        return [(stem, recorded) for stem, recorded in found if recorded is not None]

    @cached_property
    def environment(self) -> dict[str, Any]:
        """The environment, with the command as one line."""
        found = self._read(read_environment, self.folder.environment_file) or {}
        return found | ({"command": " ".join(found["command"])} if "command" in found else {})

    def _read(self, read: Callable[[Path], T], file: Path) -> T | None:
        """Read a file; None where it is damaged, which is noted."""
        try:
            return read(file)
        except DataError as error:
            self.damages.append(str(error))
            return None


def _read_checkpoint(path: Path) -> Checkpoint:
    checkpoint = Checkpoint.read(path)
    checkpoint.check_numbers()
    return checkpoint


def list_trainings(path: Path) -> list[Training]:
    """The trainings in a run folder.

    Raises
    ------
    DataError, SettingError
        It is no run folder, or a configuration in it cannot be read.
    """
    top = RunFolder.open_existing(path)
    if not top.list_parts():
        return [Training(top, top.name)]
    return [Training(leaf, leaf.path.relative_to(path).as_posix()) for leaf in _list_leaves(top)]


def find_missing(path: Path) -> dict[str, str]:
    """See `genn_shd.runs.progress.find_incomplete`; empty where settings are those of another version."""
    try:
        return find_incomplete(RunFolder(path))
    except SettingError:
        return {}


def _list_leaves(folder: RunFolder) -> list[RunFolder]:
    """The single trainings that a run is made of."""
    return [leaf for part in folder.list_parts() for leaf in _list_leaves(part)] or [folder]


def read_settings(training: Training) -> dict[str, Any]:
    """The complete configuration, as nested tables."""
    return dict(read_toml(training.folder.config_file))


def sum_confusions(of: Sequence[Training]) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Confusion matrices by part of the data, (C, C) counts over all trainings, and the classes' names."""
    found: dict[str, tuple[np.ndarray, list[str]]] = {}
    for training in of:
        for part, matrix in training.confusions.items():
            before = found[part][0] if part in found else np.zeros_like(matrix)
            if before.shape != matrix.shape:
                many, few = len(before), len(matrix)
                raise DataError(f"{training.folder.evaluation_file}: has {few} classes where others have {many}.")
            found[part] = before + matrix, _list_class_names(training, len(matrix))
    return found


def _list_class_names(training: Training, number: int) -> list[str]:
    names = training.checkpoint.state["class_names"] if training.checkpoint else []
    return names if len(names) == number else [str(n) for n in range(number)]


def _make_sort_key(path: Path) -> list[tuple[bool, int, str]]:
    """A key for sorting by which 10 comes after 9."""
    return [(word.isdigit(), int(word) if word.isdigit() else 0, word) for word in path.stem.split("_")]
