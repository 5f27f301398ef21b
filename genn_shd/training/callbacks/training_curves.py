"""The callback that draws training curves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .base import Callback, Status

if TYPE_CHECKING:
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer

FIRST_DRAWING = 10.0
"""Time of the first drawing, s after the start; a shorter run draws only at its end."""

DRAWING_SHARE = 0.01
"""Largest fraction of the time that is spent on drawing."""


class TrainingCurves(Callback):
    """Draws `plots/training_curves.png`, at most 1 % of the time and at the end."""

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
    """Draw the curves of all epochs so far, if there are any."""
    from ...plots import training as plots

    folder, history = trainer.folder, [metrics.to_row() for metrics in trainer.state.history]
    if history:
        plots.save(plots.draw_training_curves(history, folder.name), folder.plots / "training_curves.png")
