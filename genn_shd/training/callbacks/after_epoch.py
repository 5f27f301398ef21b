"""A callback that calls a function after every epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .base import Callback

if TYPE_CHECKING:
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer


class AfterEpoch(Callback):
    """Calls a function with the metrics of each epoch when it ends."""

    def __init__(self, function: Callable[[EpochMetrics], object]) -> None:
        self._function = function

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        self._function(metrics)
