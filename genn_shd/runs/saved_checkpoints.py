"""Read the checkpoints in a run folder; messages about damaged ones suggest a remedy."""

from __future__ import annotations

from pathlib import Path

from ..errors import DataError
from .checkpoint import Checkpoint
from .parts import find_parts
from .paths import RunPaths

CHECKPOINTS = ("best", "last")
"""Names of the checkpoints of a run: of the best epoch, and the last one."""


class SavedCheckpoints:
    """Reads the checkpoints of a run."""

    def __init__(self, run: RunPaths) -> None:
        self._run = run

    def read_latest(self) -> Checkpoint | None:
        """Read the checkpoint to resume from; None if the run has none yet.

        Raises
        ------
        DataError
            The checkpoint is truncated or damaged; the message names another one, if it can be read.
        """
        run = self._run
        if not run.checkpoint_file.exists():
            return None
        try:
            return Checkpoint.read(run.checkpoint_file)
        except DataError as error:
            best = _read_epoch(run.best_file)
            remedy = (
                "No other checkpoint can be read; delete it to train from the beginning, or choose another --out."
                if best is None
                else f"To resume from the best epoch, {best}, copy {run.best_file.name} over it; to train from the "
                "beginning, delete both or choose another --out."
            )
            raise DataError(f"{error} {remedy}") from None

    def read(self, which: str) -> Checkpoint:
        """Read the `best` or the `last` checkpoint.

        Raises
        ------
        DataError
            The checkpoint is missing, truncated or damaged. The message names the other one, if it can be read, or the
            trainings (folds, seeds) of the folder.
        """
        files = {"best": self._run.best_file, "last": self._run.checkpoint_file}
        if not any(file.exists() for file in files.values()):
            self._check_single()
        try:
            return Checkpoint.read(files[which])
        except DataError as error:
            other = "last" if which == "best" else "best"
            epoch = _read_epoch(files[other])
            remedy = "" if epoch is None else f" Use the {other} one, of epoch {epoch}, with --checkpoint {other}."
            raise DataError(f"{error}{remedy}") from None

    def _check_single(self) -> None:
        if parts := find_parts(self._run):
            names = ", ".join(map(str, parts))
            raise DataError(f"{self._run.path}: this run has several trainings; name one of them: {names}.")


def _read_epoch(file: Path) -> int | None:
    """Return the number of complete epochs in a checkpoint; None if it cannot be read."""
    try:
        return Checkpoint.read(file).state["epoch"]
    except DataError:
        return None
