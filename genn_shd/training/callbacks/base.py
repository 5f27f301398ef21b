"""The extension point of training: a class whose methods are called while a network trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ...backends.results import BatchResult
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer

Status = Literal["complete", "interrupted", "diverged", "failed"]
"""How training ended: all epochs are done; it was asked to stop; a number was not finite; by any other exception."""


class Callback:
    """Something to be done while a network trains. Derive from it and write the methods that you need.

    Every method gets the trainer. It may read `trainer.state`, `trainer.config`, `trainer.folder` and
    `trainer.model`; it may change the model by `set_parameters`, `set_value` and `learning_rate` (in
    `on_batch_begin`; the schedule sets it there before callbacks of your own are called), and may ask training to end
    after the batch by `trainer.stop.requested = True`, as Ctrl-C does. Epochs and batches count from 1.

    An exception ends the training: the other callbacks are still called, a checkpoint of the last whole batch is
    written, `on_train_end` is called with "failed", and the exception is raised. The same command then goes on from
    that batch. Time in callbacks does not count as time of an epoch.

    A callback that remembers something from batch to batch returns it from `state`; it is kept in every checkpoint
    and handed to `restore` when training goes on, so that an interruption changes nothing.
    """

    @property
    def name(self) -> str:
        """Key of its state in checkpoints. Two callbacks of one class that keep state must have different names."""
        return type(self).__name__

    def state(self) -> dict[str, Any]:
        """Return what must survive an interruption, as JSON takes it; nothing by default."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned; called before `on_train_begin`, where a checkpoint holds such a state."""

    def on_train_begin(self, trainer: Trainer) -> None:
        """Called when training begins or is resumed; `trainer.state` has the epoch."""

    def on_epoch_begin(self, trainer: Trainer, epoch: int) -> None:
        """Called when an epoch begins, but not when an interrupted epoch is resumed."""

    def on_batch_begin(self, trainer: Trainer, epoch: int, batch: int, samples: Any) -> None:
        """A batch is about to be trained on; `samples` are what `trainer.model` takes."""

    def on_batch_end(self, trainer: Trainer, epoch: int, batch: int, result: BatchResult) -> None:
        """A batch was trained on; `trainer.state.metrics` are the means of the epoch so far."""

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        """An epoch was trained on and evaluated; the checkpoint of it is written after all callbacks were called."""

    def on_train_end(self, trainer: Trainer, status: Status) -> None:
        """Training ends, in whichever way."""
