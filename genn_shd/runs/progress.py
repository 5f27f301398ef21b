"""How far a run has come: which of its trainings are not complete, for every figure that is made of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import DataError
from .files import read_history, read_summary
from .folder import RunFolder


def incomplete(folder: RunFolder) -> dict[str, str]:
    """The trainings of a run that are not complete, and how far each is; empty where all are.

    Returns
    -------
    folder of the training within the run, or the run's name where it is a single one -> `not begun` or
    `3 of 10 epochs, interrupted`.

    Raises
    ------
    SettingError
        A configuration that cannot be read.
    """
    epochs = folder.config().training.epochs
    return {name: how for name, how in _how_far(folder, "", epochs) if how}


def sentence(of: Mapping[str, str]) -> str:
    """The same as text: `not complete: seed_1 (not begun), seed_2 (3 of 10 epochs, interrupted)`; '' for none."""
    return f"not complete: {', '.join(f'{name} ({how})' for name, how in of.items())}" if of else ""


def _how_far(folder: RunFolder, place: str, epochs: int) -> list[tuple[str, str]]:
    """Each training in a folder, which lies at a place within the run, and how far it is; '' where it is complete."""
    parts = folder.expected_parts()
    if not parts:
        return [(place or folder.name, _of_training(folder, epochs))]
    found = []
    for part in parts:
        inner = f"{place}/{part.name}".lstrip("/")
        found += _how_far(part, inner, epochs) if part.config_file.exists() else [(inner, "not begun")]
    return found


def _of_training(folder: RunFolder, epochs: int) -> str:
    try:
        summary, done = read_summary(folder.summary_file), len(read_history(folder.history_file))
    except DataError as error:
        return f"not known: {error}"
    status = summary.get("status", "under way") if summary.get("epochs") == done else "under way"
    return "" if status == "complete" and done >= epochs else f"{done} of {epochs} epochs, {status}"


def with_checkpoints(folders: Sequence[RunFolder]) -> list[RunFolder]:
    """Those of some runs that have weights to be looked at, in themselves or in what they are made of."""
    return [f for f in folders if f.best_file.exists() or f.checkpoint_file.exists() or with_checkpoints(f.parts())]
