"""The callback that changes the weights into silent hidden neurons so that they spike again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...config.schema import SilentNeuronSettings
from .. import silent_neurons
from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

_STREAM = 1
"""Makes its random numbers differ from those of shuffling."""


class SilentNeurons(Callback):
    """Raises or redraws the weights into hidden neurons without a spike in the previous epoch."""

    def __init__(self, settings: SilentNeuronSettings) -> None:
        self._settings = settings

    def on_epoch_begin(self, trainer: Trainer, epoch: int) -> None:
        if epoch == 1:
            return
        settings, model, silent = self._settings, trainer.model, trainer.state.silent
        if settings.weight_redraw:
            rng = np.random.default_rng([trainer.config.training.seed, epoch - 1, _STREAM])
            silent_neurons.redraw_weights(model, silent, rng)
        if settings.weight_lift > 0.0:
            silent_neurons.lift_weights(model, silent, settings.weight_lift)
        if settings.weight_lift_all > 0.0:
            silent_neurons.lift_weights(model, silent_neurons.select_all_hidden(model), settings.weight_lift_all)
