"""Histograms of trained delays, drawn when training ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...backends.base import Model
from .base import Callback, Status

if TYPE_CHECKING:
    from ..trainer import Trainer


class DelayHistograms(Callback):
    """Draws `plots/delays.png`: trained delays before and after training and their changes, if there are any.

    Parameters
    ----------
    model : the model before training, with its initial parameters.
    """

    def __init__(self, model: Model) -> None:
        self._before = copy_trained_delays(model)

    def on_train_end(self, trainer: Trainer, status: Status) -> None:
        if self._before and status in ("complete", "interrupted") and trainer.state.history:
            from ...plots.delays import draw_delay_histograms
            from ...plots.training import save

            figure = draw_delay_histograms(self._before, copy_trained_delays(trainer.model), trainer.folder.name)
            save(figure, trainer.folder.plots / "delays.png")


def copy_trained_delays(model: Model) -> dict[str, np.ndarray]:
    """Return copies of the delays that a model trains, ms, by name."""
    delays = model.network.delayed_connections
    names = [connection.delay_name for connection in delays if connection.delay and connection.delay.trained]
    parameters = model.parameters if names else {}  # copies of all, weights too
    return {name: parameters[name] for name in names}
