"""Progress of a run: find its trainings that are not complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..config.schema import TrainingSettings
from ..errors import DataError
from .files import read_history, read_summary
from .folder import RunFolder


def find_incomplete(folder: RunFolder) -> dict[str, str]:
    """Find the trainings of a run that are not complete, and the progress of each.

    Returns
    -------
    Folder of the training within the run, or the name of a run of a single training -> `not begun` or
    `3 of 10 epochs, interrupted`. Empty if all are complete.

    Raises
    ------
    SettingError
        A configuration cannot be read.
    """
    training = folder.read_config().training
    return {name: how for name, how in _describe_progress(folder, "", training) if how}


def is_complete(training: TrainingSettings, epochs: int, best_epoch: int) -> bool:
    """Whether a training is complete: all epochs are done, or `patience` epochs passed without a better accuracy.

    Parameters
    ----------
    training : settings of the training.
    epochs : number of epochs that are done.
    best_epoch : the best of them, counted from 1; 0 if there is none.
    """
    return epochs >= training.epochs or 0 < training.patience <= epochs - best_epoch


def format_incomplete(of: Mapping[str, str]) -> str:
    """Format incomplete trainings: `not complete: seed_1 (not begun), seed_2 (3 of 10 epochs, interrupted)`, or ''."""
    return f"not complete: {', '.join(f'{name} ({how})' for name, how in of.items())}" if of else ""


def _describe_progress(folder: RunFolder, place: str, training: TrainingSettings) -> list[tuple[str, str]]:
    """Return name and progress of each training in a folder; the progress is '' for a complete one."""
    parts = folder.list_expected_parts()
    if not parts:
        return [(place or folder.name, _describe_training(folder, training))]
    found = []
    for part in parts:
        inner = f"{place}/{part.name}".lstrip("/")
        found += _describe_progress(part, inner, training) if part.config_file.exists() else [(inner, "not begun")]
    return found


def _describe_training(folder: RunFolder, training: TrainingSettings) -> str:
    try:
        summary, done = read_summary(folder.summary_file), len(read_history(folder.history_file))
    except DataError as error:
        return f"unknown: {error}"
    status = summary.get("status", "under way") if summary.get("epochs") == done else "under way"
    best_epoch = (summary.get("best") or {}).get("epoch", 0)
    has_ended = status == "complete" and is_complete(training, done, best_epoch)
    return "" if has_ended else f"{done} of {training.epochs} epochs, {status}"


def with_checkpoints(folders: Sequence[RunFolder]) -> list[RunFolder]:
    """Select the runs that have a checkpoint, in their own folder or in those of their trainings."""
    return [
        f for f in folders if f.best_file.exists() or f.checkpoint_file.exists() or with_checkpoints(f.list_parts())
    ]
