"""The trainings in a run folder, read as far as they have come: one, or those of all seeds and folds."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..checkpoint import Checkpoint
from ..config_sources import read_toml
from ..errors import DataError
from ..files import read_json
from ..recording import Recorded
from ..run_folder import Row, RunFolder


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes
    ----------
    folder : its own.
    label : its place in the run folder, as `seed_0/fold_1`; the run's name where it is all of it.
    """

    folder: RunFolder
    label: str

    @cached_property
    def history(self) -> list[Row]:
        """A row for each epoch; empty before the first has ended."""
        if not self.folder.history_file.is_file():
            return []
        with self.folder.history_file.open(encoding="utf-8", newline="") as file:
            return [{name: _number(text) for name, text in row.items()} for row in csv.DictReader(file)]

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What came of it; empty where nothing has yet."""
        return read_json(self.folder.summary_file)

    @property
    def status(self) -> str:
        """`complete`, `interrupted`, `diverged`; or `under way` where epochs came since, or none ended it yet."""
        if self.summary.get("epochs") != len(self.history):
            return "under way"
        return str(self.summary.get("status", "under way"))

    @cached_property
    def checkpoint(self) -> Checkpoint | None:
        """That of the best epoch; None before there is one.

        Raises
        ------
        DataError
            It is damaged.
        """
        return Checkpoint.read(self.folder.best_file) if self.folder.best_file.is_file() else None

    @property
    def best(self) -> Row:
        """The row of the best epoch, whose weights were kept; empty before there is one."""
        try:
            return self.checkpoint.state["best"] if self.checkpoint else {}
        except DataError:  # the weights are lost, but not what they came to
            return self.summary.get("best") or {}

    @property
    def seconds(self) -> float:
        """Time in epochs, s."""
        return float(sum(row["seconds"] or 0.0 for row in self.history))

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """Part of the data -> accuracy, confusion matrix and more; empty where nothing was evaluated."""
        return dict(read_json(self.folder.evaluation_file).get("parts", {}))

    def weights(self) -> dict[str, np.ndarray]:
        """Trained parameters of the best epoch; empty before there is one.

        Raises
        ------
        DataError
            The checkpoint is damaged.
        """
        return self.checkpoint.group("parameters") if self.checkpoint else {}

    @property
    def recording_files(self) -> list[Path]:
        """Recordings, the oldest epoch first."""
        return sorted(self.folder.recordings.glob("*.h5"), key=_natural)

    def recordings(self) -> list[tuple[str, Recorded]]:
        """Recordings with their names."""
        return [(file.stem, Recorded.read(file)) for file in self.recording_files]


def trainings(path: Path) -> list[Training]:
    """The trainings in a run folder.

    Raises
    ------
    DataError
        It is no run folder.
    """
    top = RunFolder.existing(path)
    if not top.parts():
        return [Training(top, top.name)]
    return [Training(leaf, leaf.path.relative_to(path).as_posix()) for leaf in _leaves(top)]


def _leaves(folder: RunFolder) -> list[RunFolder]:
    """The single trainings that a run is made of."""
    return [leaf for part in folder.parts() for leaf in _leaves(part)] or [folder]


def settings(training: Training) -> dict[str, Any]:
    """Its complete configuration, as nested tables."""
    return dict(read_toml(training.folder.config_file))


def environment(training: Training) -> dict[str, Any]:
    """What it was started with; the command as one line."""
    found = read_json(training.folder.environment_file)
    return found | ({"command": " ".join(found["command"])} if "command" in found else {})


def confusions(of: Sequence[Training]) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Part of the data -> (C, C) counts over all trainings that were evaluated on it, and the names of the classes."""
    found: dict[str, tuple[np.ndarray, list[str]]] = {}
    for training in of:
        for part, report in training.evaluation.items():
            matrix = np.array(report["confusion"])
            before = found[part][0] if part in found else np.zeros_like(matrix)
            found[part] = before + matrix, _class_names(training, len(matrix))
    return found


def _class_names(training: Training, number: int) -> list[str]:
    names = training.checkpoint.state["class_names"] if training.checkpoint else range(number)
    return [str(name) for name in names]


def _number(text: str) -> float | int | None:
    if not text:
        return None
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    """A key for sorting by which 10 comes after 9."""
    return [(word.isdigit(), int(word) if word.isdigit() else 0, word) for word in path.stem.split("_")]
