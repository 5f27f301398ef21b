"""Read the trainings in a run folder, complete or not: one, or those of all seeds and folds."""

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
    folder : folder of the training.
    label : its path in the run folder, such as `seed_0/fold_1`, or the name of a run of one training.
    damages : messages about files that could not be read; other files can be used without them.
    """

    folder: RunFolder
    label: str
    damages: list[str] = field(default_factory=list)

    @cached_property
    def history(self) -> list[Row]:
        """Metrics of each complete epoch."""
        return self._read(read_history, self.folder.history_file) or []

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The summary; empty if there is none yet."""
        return self._read(read_summary, self.folder.summary_file) or {}

    @property
    def status(self) -> str:
        """Status: `complete`, `interrupted`, `diverged`, `under way`, or `unknown` if files are damaged.

        It is `under way` if it has not ended, or if there are newer epochs than in its summary.
        """
        written = ((self.folder.summary_file, self.summary), (self.folder.history_file, self.history))
        if any(not content and str(file) in damage for file, content in written for damage in self.damages):
            return "unknown"
        if self.summary.get("epochs") != len(self.history):
            return "under way"
        return str(self.summary.get("status", "under way"))

    @cached_property
    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the best epoch; None if there is none yet."""
        there = self.folder.best_file.exists()
        return self._read(_read_checkpoint, self.folder.best_file) if there else None

    @property
    def best(self) -> Row:
        """Metrics of the best epoch, that of the checkpoint; empty if there is none yet."""
        kept = self.checkpoint.state["best"] if self.checkpoint else None
        return kept or self.summary.get("best") or {}  # the summary remains if the checkpoint is lost

    @property
    def seconds(self) -> float:
        """Time in epochs, s."""
        return float(sum(row["seconds"] or 0.0 for row in self.history))

    @cached_property
    def confusions(self) -> dict[str, np.ndarray]:
        """Part of the data -> confusion matrix, (C, C) counts; empty if there is no evaluation."""
        return self._read(read_confusions, self.folder.evaluation_file) or {}

    @cached_property
    def operations(self) -> dict[str, Operations]:
        """Part of the data -> operations per sample; empty if there is no evaluation."""
        return self._read(read_operations, self.folder.evaluation_file) or {}

    def read_weights(self) -> dict[str, np.ndarray]:
        """Return the trained parameters of the best epoch; empty if there is none yet."""
        return self.checkpoint.select_group("parameters") if self.checkpoint else {}

    @property
    def recording_files(self) -> list[Path]:
        """Files of recordings, the oldest epoch first."""
        return sorted(self.folder.recordings.glob("*.h5"), key=_make_sort_key)

    @cached_property
    def recordings(self) -> list[tuple[str, Recorded]]:
        """Names and contents of recordings."""
        found = [(file.stem, self._read(Recorded.read, file)) for file in self.recording_files]
        return [(stem, recorded) for stem, recorded in found if recorded is not None]

    @cached_property
    def environment(self) -> dict[str, Any]:
        """The environment of the training, with the command as one line."""
        found = self._read(read_environment, self.folder.environment_file) or {}
        return found | ({"command": " ".join(found["command"])} if "command" in found else {})

    def _read(self, read: Callable[[Path], T], file: Path) -> T | None:
        """Read a file; if it is damaged, note that and return None."""
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
    """List the trainings in a run folder.

    Raises
    ------
    DataError, SettingError
        The folder is not a run folder, or a configuration in it cannot be read.
    """
    top = RunFolder.open_existing(path)
    if not top.list_parts():
        return [Training(top, top.name)]
    return [Training(leaf, leaf.path.relative_to(path).as_posix()) for leaf in _list_leaves(top)]


def find_missing(path: Path) -> dict[str, str]:
    """Find incomplete trainings (`genn_shd.runs.progress`); empty if settings are of another version."""
    try:
        return find_incomplete(RunFolder(path))
    except SettingError:
        return {}


def _list_leaves(folder: RunFolder) -> list[RunFolder]:
    """List the folders of all single trainings of a run."""
    return [leaf for part in folder.list_parts() for leaf in _list_leaves(part)] or [folder]


def read_settings(training: Training) -> dict[str, Any]:
    """Read the complete configuration, as nested tables."""
    return dict(read_toml(training.folder.config_file))


def sum_confusions(of: Sequence[Training]) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Sum the confusion matrices of all trainings, (C, C) counts by part of the data; return also class names."""
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
    """Make a sort key by which 10 comes after 9."""
    return [(word.isdigit(), int(word) if word.isdigit() else 0, word) for word in path.stem.split("_")]
