"""genn_shd: exact gradients for spiking neural networks, by code generation.

from genn_shd import SpikeTrains, compile_network
from genn_shd.models import recurrent_classifier

Everything that one writes a network, a loss or a training with is here; the modules behind it may move.
"""

from pathlib import Path as _Path

# `models/` and `sweeps/` stand beside this folder in a checkout, where users add their own work, and install as
# genn_shd.models and genn_shd.sweeps. This makes a checkout that is not installed work too.
_checkout = _Path(__file__).parent.parent
if not (_Path(__file__).parent / "models").exists() and (_checkout / "models" / "networks.py").exists():
    __path__.append(str(_checkout))

from ._moved import serve_old_paths as _serve_old_paths  # noqa: E402
from ._version import __version__  # noqa: E402
from .augment import RandomStreams, Step  # noqa: E402
from .backends.base import Model  # noqa: E402
from .backends.compile import compile_network  # noqa: E402
from .backends.gradient_check import ParameterCheck, check_gradients  # noqa: E402
from .backends.results import BatchResult, Recording  # noqa: E402
from .config import Config  # noqa: E402
from .datasets import Dataset  # noqa: E402
from .errors import BackendError, DataError, DivergedError, GennShdError, SettingError  # noqa: E402
from .models.losses import weighted_sum  # noqa: E402
from .models.networks import recurrent_classifier  # noqa: E402
from .network import (  # noqa: E402
    Connection,
    Delay,
    Distribution,
    Gamma,
    LossModel,
    Network,
    NeuronModel,
    Normal,
    Parameter,
    Population,
    SpikeCountRegularisation,
    SynapseModel,
    Trained,
    Uniform,
    density_loss,
    logit_loss,
)
from .runs.results import EpochMetrics  # noqa: E402
from .simulation import Trajectory, simulate  # noqa: E402
from .spikes import SpikeTrains  # noqa: E402
from .system.described import described  # noqa: E402
from .training.callbacks import Callback  # noqa: E402
from .training.trainer import Trainer  # noqa: E402

_serve_old_paths()

__all__ = [
    "BackendError",
    "BatchResult",
    "Callback",
    "Config",
    "Connection",
    "DataError",
    "Dataset",
    "Delay",
    "Distribution",
    "DivergedError",
    "EpochMetrics",
    "Gamma",
    "GennShdError",
    "LossModel",
    "Model",
    "Network",
    "NeuronModel",
    "Normal",
    "Parameter",
    "ParameterCheck",
    "Population",
    "RandomStreams",
    "Recording",
    "SettingError",
    "SpikeCountRegularisation",
    "SpikeTrains",
    "Step",
    "SynapseModel",
    "Trained",
    "Trainer",
    "Trajectory",
    "Uniform",
    "__version__",
    "check_gradients",
    "compile_network",
    "density_loss",
    "described",
    "logit_loss",
    "recurrent_classifier",
    "simulate",
    "weighted_sum",
]
