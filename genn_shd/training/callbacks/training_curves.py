"""The training curves, drawn while a run trains."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .base import Callback, Status

if TYPE_CHECKING:
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer

FIRST_DRAWING = 10.0
"""Seconds after the start; a short run draws once, at its end."""

DRAWING_SHARE = 0.01
"""Most of the time that goes into drawing."""


class TrainingCurves(Callback):
    """Draws `plots/training_curves.png`, as often as that costs next to no time, and at the end."""

    def __init__(self) -> None:
        self._next = 0.0

    def on_train_begin(self, trainer: Trainer) -> None:
        self._next = time.monotonic() + FIRST_DRAWING

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        started = time.monotonic()
        if started >= self._next:
            draw_curves(trainer)
            self._next = time.monotonic() + (time.monotonic() - started) / DRAWING_SHARE

    def on_train_end(self, trainer: Trainer, status: Status) -> None:
        if status != "failed":
            draw_curves(trainer)


def draw_curves(trainer: Trainer) -> None:
    """Draw all epochs so far; nothing before the first has ended."""
    from ...plots import training as plots

    folder, history = trainer.folder, [metrics.to_row() for metrics in trainer.state.history]
    if history:
        plots.save(plots.draw_training_curves(history, folder.name), folder.plots / "training_curves.png")
