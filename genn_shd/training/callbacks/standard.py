"""The callbacks that every training has, and those that its settings switch on."""

from __future__ import annotations

from ...backends.base import Model
from ...config.schema import Config
from .base import Callback
from .delay_histograms import DelayHistograms
from .epoch_timings import EpochTimings
from .frozen_parameters import FrozenParameters
from .learning_rate_schedule import LearningRateSchedule
from .linear_baseline import LinearBaseline
from .progress import Progress
from .recorder import Recorder
from .silence_warning import SilenceWarning
from .silent_neurons import SilentNeurons
from .training_curves import TrainingCurves


def make_standard_callbacks(config: Config, model: Model) -> list[Callback]:
    """Make the callbacks of one training, in the order in which they are called.

    Parameters
    ----------
    config : configuration of the training.
    model : the model before training, with its initial parameters.
    """
    callbacks: list[Callback] = [
        LearningRateSchedule(config.optimiser),
        SilentNeurons(config.silent_neurons),
        Progress(),
        SilenceWarning(),
        TrainingCurves(),
        DelayHistograms(model),
    ]
    if config.training.frozen:
        callbacks.insert(2, FrozenParameters(model, config.training.frozen))  # after SilentNeurons changed weights
    if config.recording.epochs:
        callbacks.insert(0, Recorder(config.recording))
    if config.report.baseline == "linear":
        callbacks.append(LinearBaseline())
    if config.simulation.profile:
        callbacks.append(EpochTimings())
    return callbacks
