"""The callback that warns about hidden layers without spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...system.progress import LOG
from ..silent_neurons import list_silent_layers
from .base import Callback

if TYPE_CHECKING:
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer

SILENCE_REMEDY = (
    "no gradient reaches the weights into it; raise the mean of initial weights (network.weights.input_hidden), set "
    "silent_neurons.weight_lift or silent_neurons.weight_redraw, or check that the input has spikes."
)


class SilenceWarning(Callback):
    """Logs a warning, once, if no neuron of a hidden layer spiked in an epoch."""

    def __init__(self) -> None:
        self._is_warned = False

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        dead = list_silent_layers(trainer.state.silent)
        if dead and not self._is_warned:
            self._is_warned = True
            LOG.warning("no neuron of %s spiked in epoch %d: %s", ", ".join(dead), metrics.epoch, SILENCE_REMEDY)
