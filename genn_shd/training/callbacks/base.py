"""Base class of callbacks: its methods are called while a network trains."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

from ..._moved import old_method

if TYPE_CHECKING:
    from ...backends.results import BatchResult
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer

Status = Literal["complete", "interrupted", "diverged", "failed"]
"""How training ended: after all epochs; on request; with a number that is not finite; with any other exception."""


class Callback:
    """Base class of callbacks. Derive from it, and override the methods that you need.

    Every method gets the trainer. It may read `trainer.state`, `trainer.config`, `trainer.folder` and
    `trainer.model`. It may change the model with `set_parameters` and `set_value`, and its `learning_rate` in
    `on_batch_begin`, where the schedule sets it before your own callbacks are called. To stop after the current batch,
    as Ctrl-C does, set `trainer.stop.requested = True`. Epochs and batches count from 1.

    An exception ends the training: the other callbacks are still called, a checkpoint of the last complete batch is
    written, `on_train_end` is called with "failed", and the exception is raised. The same command then resumes from
    that batch. The time of an epoch does not include callbacks.

    A callback whose result depends on earlier batches returns what it needs from `get_state`. This is written to every
    checkpoint and passed to `restore` when training is resumed, so that an interruption does not change the result.
    """

    @property
    def name(self) -> str:
        """Name of the callback's state in checkpoints. Two callbacks that keep a state must have different names."""
        return type(self).__name__

    def get_state(self) -> dict[str, Any]:
        """Return the state that must survive an interruption, as values for JSON; empty by default."""
        return {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Serve `get_state` under its old name, `state`, also in callbacks that were written for it."""
        super().__init_subclass__(**kwargs)
        if "state" in vars(cls) and "get_state" not in vars(cls):
            warnings.warn(f"{cls.__name__}.state is now called get_state.", DeprecationWarning, stacklevel=2)
            cls.get_state = cls.state  # type: ignore[method-assign]

    state = old_method("state", "get_state")

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a state that `get_state` returned; called before `on_train_begin`, if a checkpoint has one."""

    def on_train_begin(self, trainer: Trainer) -> None:
        """Called when training begins or is resumed; `trainer.state` has the epoch."""

    def on_epoch_begin(self, trainer: Trainer, epoch: int) -> None:
        """Called when an epoch begins, but not when an interrupted epoch is resumed."""

    def on_batch_begin(self, trainer: Trainer, epoch: int, batch: int, samples: Any) -> None:
        """Called before the model trains on a batch; `samples` is a batch that `trainer.model` takes."""

    def on_batch_end(self, trainer: Trainer, epoch: int, batch: int, result: BatchResult) -> None:
        """Called after the model trained on a batch; `trainer.state.metrics` has means of the epoch so far."""

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        """Called after training and evaluation of an epoch, before its checkpoint is written."""

    def on_train_end(self, trainer: Trainer, status: Status) -> None:
        """Called when training ends, also with an exception; see `Status`."""
