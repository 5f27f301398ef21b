"""The callback that shows progress: a bar on a terminal, and one line in the log for each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...system.progress import LOG, ProgressBar
from .base import Callback, Status

if TYPE_CHECKING:
    from ...backends.results import BatchResult
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer


class Progress(Callback):
    """Shows a bar over all batches, and logs the metrics of every epoch."""

    def __init__(self) -> None:
        self._bar: ProgressBar | None = None

    def on_train_begin(self, trainer: Trainer) -> None:
        done = trainer.state.epoch * trainer.num_batches + trainer.state.batch
        self._bar = ProgressBar(trainer.config.training.epochs, trainer.num_batches, done)

    def on_batch_end(self, trainer: Trainer, epoch: int, batch: int, result: BatchResult) -> None:
        metrics = trainer.state.metrics
        if self._bar:
            self._bar.update(epoch - 1, metrics.mean_loss, metrics.accuracy)

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        is_best = metrics is trainer.state.best
        LOG.info("%s", describe_epoch(metrics, trainer.config.training.epochs, is_best))

    def on_train_end(self, trainer: Trainer, status: Status) -> None:
        if self._bar:
            self._bar.close()
        done, training = trainer.state.epoch, trainer.config.training
        if status == "complete" and done < training.epochs:
            message = "training ends after epoch %d of %d: accuracy has not risen for %d epochs (training.patience)"
            LOG.info(message, done, training.epochs, training.patience)


def describe_epoch(metrics: EpochMetrics, epochs: int, is_best: bool) -> str:
    """Write the log line of an epoch."""
    parts = [f"epoch {metrics.epoch}/{epochs}: loss {metrics.training_loss:.4f}"]
    for name in ("training", "validation", "test"):
        accuracy = metrics.get_accuracy(name)
        if accuracy is not None:
            parts.append(f"{name} {100 * accuracy:.2f} %")
    parts.append(f"{metrics.spikes_per_neuron:.1f} spikes per neuron, {metrics.silent_neurons} silent")
    parts.append(f"{metrics.seconds:.1f} s")
    return ", ".join(parts) + (" (best so far)" if is_best else "")
