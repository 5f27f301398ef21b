"""The callback that sets the learning rate of every batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...config.schema import OptimiserSettings
from ...system.progress import LOG
from ..learning_rate import LearningRate
from .base import Callback

if TYPE_CHECKING:
    from ...backends.results import BatchResult
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer


class LearningRateSchedule(Callback):
    """Sets the learning rate of every batch: warm-up, annealing, and reductions when accuracy stops improving.

    Attributes
    ----------
    rate : the learning rate and its state.
    """

    def __init__(self, settings: OptimiserSettings) -> None:
        self.rate = LearningRate.start(settings)

    @property
    def name(self) -> str:
        return "rate"  # the name in checkpoints of earlier versions

    def get_state(self) -> dict[str, Any]:
        return self.rate.get_state()

    def restore(self, state: dict[str, Any]) -> None:
        self.rate = LearningRate.from_state(self.rate.settings, state)

    def on_train_begin(self, trainer: Trainer) -> None:
        if self.rate.batches:
            trainer.model.learning_rate = self.rate.latest

    def on_batch_begin(self, trainer: Trainer, epoch: int, batch: int, samples: Any) -> None:
        done, all_batches = (
            (epoch - 1) * trainer.num_batches + batch - 1,
            trainer.config.training.epochs * trainer.num_batches,
        )
        trainer.model.learning_rate = self.rate.compute_batch_rate(done / all_batches)

    def on_batch_end(self, trainer: Trainer, epoch: int, batch: int, result: BatchResult) -> None:
        self.rate.finish_batch()

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        monitored = metrics.get_accuracy(trainer.config.training.monitor)
        if monitored is not None and self.rate.finish_epoch(metrics.epoch - 1, monitored):
            LOG.info("accuracy no longer improves: learning rate lowered to %g", self.rate.full)
