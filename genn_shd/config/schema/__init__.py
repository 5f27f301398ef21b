"""Declarations of all settings: meaning, unit, default and allowed values; one module per table.

`config.sources` makes a configuration from presets, files and the command line; `config.messages` writes one line about
an error in it; `config.help` lists all settings.

Tables whose settings depend on a choice (data set, loss, kind of validation) are unions: each choice declares its own
settings, and settings of other choices are errors.
"""

from ..parameters import GammaSettings
from ..sections import AsList, AsTuple, OneOrMany, Section, declare_path, declare_setting
from .augmentation import AugmentationSettings
from .config import Config, choose_config_model
from .datasets import DataSettings
from .evaluation import EvaluationSettings
from .network import (
    SMALLEST_TIME_CONSTANTS,
    DelaySettings,
    NetworkSettings,
    TrainedSettings,
    UniformSettings,
    WeightSettings,
)
from .optimiser import OptimiserSettings, ScheduleSettings
from .recording import RecordingSettings
from .regularisation import RegularisationSettings
from .report import ReportSettings
from .silent_neurons import SilentNeuronSettings
from .simulation import SimulationSettings
from .training import TrainingSettings
from .validation import LeaveOneSpeakerOut, NoValidation, OfficialValidation, RandomValidation, SpeakerValidation

__all__ = [
    "SMALLEST_TIME_CONSTANTS",
    "AsList",
    "AsTuple",
    "AugmentationSettings",
    "Config",
    "DataSettings",
    "DelaySettings",
    "EvaluationSettings",
    "GammaSettings",
    "LeaveOneSpeakerOut",
    "NetworkSettings",
    "NoValidation",
    "OfficialValidation",
    "OneOrMany",
    "OptimiserSettings",
    "RandomValidation",
    "RecordingSettings",
    "RegularisationSettings",
    "ReportSettings",
    "ScheduleSettings",
    "Section",
    "SilentNeuronSettings",
    "SimulationSettings",
    "SpeakerValidation",
    "TrainedSettings",
    "TrainingSettings",
    "UniformSettings",
    "WeightSettings",
    "choose_config_model",
    "declare_path",
    "declare_setting",
]
