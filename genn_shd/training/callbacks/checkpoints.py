"""The callback that writes checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...system.progress import LOG
from ..state import capture
from .base import Callback

if TYPE_CHECKING:
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer


class Checkpoints(Callback):
    """Writes `checkpoint.npz`, `best.npz` and `history.csv` after every epoch.

    Attributes
    ----------
    position : file, epoch and batch of the checkpoint that training would resume from, as text; empty if there is none.
    """

    def __init__(self) -> None:
        self.position = ""

    def on_train_begin(self, trainer: Trainer) -> None:
        if trainer.state.epoch or trainer.state.batch:
            self.position = _describe(trainer)
            LOG.info("resuming from %s", self.position)

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        """Write best.npz first: if the process is killed before checkpoint.npz is written, the epoch is repeated."""
        checkpoint = capture(trainer)
        if metrics is trainer.state.best:
            checkpoint.write(trainer.folder.best_file)
        checkpoint.write(trainer.folder.checkpoint_file)
        self.position = _describe(trainer)
        trainer.folder.results.write_history(trainer.state.history)

    def save_batch(self, trainer: Trainer) -> None:
        """Write a checkpoint in the middle of an epoch; before its first batch the last checkpoint is still valid."""
        if trainer.state.batch:
            capture(trainer).write(trainer.folder.checkpoint_file)
            self.position = _describe(trainer)


def _describe(trainer: Trainer) -> str:
    state, file = trainer.state, trainer.folder.checkpoint_file
    return f"{file}, of epoch {state.epoch}" + (f" and batch {state.batch} of the next" if state.batch else "")
