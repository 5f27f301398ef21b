"""genn_shd: exact gradients for spiking neural networks, by code generation.

Import public names from here: `from genn_shd import Network, compile_network`. The modules that define them may move.
"""

import gc as _gc
from importlib import import_module as _import_module
from pathlib import Path as _Path
from typing import TYPE_CHECKING

# `models/` and `sweeps/` stand beside this folder in a checkout, where users add their own work, and install as
# genn_shd.models and genn_shd.sweeps. This makes a checkout that is not installed work too.
_checkout = _Path(__file__).parent.parent
if not (_Path(__file__).parent / "models").exists() and (_checkout / "models" / "networks.py").exists():
    __path__.append(str(_checkout))

# A sixth of the time of this import would be spent looking for cycles among the objects of new modules.
_is_collecting = _gc.isenabled()
_gc.disable()

from ._moved import serve_old_paths as _serve_old_paths  # noqa: E402
from ._version import __version__  # noqa: E402
from .augment import RandomStreams, Step  # noqa: E402
from .backends.base import Model  # noqa: E402
from .backends.compile import compile_network  # noqa: E402
from .backends.gradient_check import ParameterCheck, check_gradients  # noqa: E402
from .backends.results import BatchResult, Recording  # noqa: E402
from .config import Config  # noqa: E402
from .config.sources import load_config  # noqa: E402
from .datasets import Dataset, load_dataset  # noqa: E402
from .errors import BackendError, DataError, DivergedError, GennShdError, SettingError  # noqa: E402
from .eventprop.program import PopulationProgram, Program  # noqa: E402
from .eventprop.schemes import build_program  # noqa: E402
from .models.losses import weighted_sum  # noqa: E402
from .models.networks import recurrent_classifier  # noqa: E402
from .network import (  # noqa: E402
    STDP,
    Connection,
    Delay,
    Distribution,
    EProp,
    EventProp,
    Gamma,
    LossModel,
    Network,
    NeuronModel,
    Normal,
    Parameter,
    Plasticity,
    Population,
    SpikeCountRegularisation,
    Surrogate,
    SurrogateGradient,
    SynapseModel,
    Trained,
    Uniform,
    density_loss,
    logit_loss,
)
from .runs.results import EpochMetrics  # noqa: E402
from .simulation import Trajectory, simulate  # noqa: E402
from .spikes import SpikeTrains  # noqa: E402
from .spikes.hdf5_file import SpikeFile, read_spike_file, write_spike_file  # noqa: E402
from .system.described import described  # noqa: E402
from .training.callbacks import Callback  # noqa: E402
from .training.data import prepare_data  # noqa: E402
from .training.repeats import run_training  # noqa: E402
from .training.trainer import Trainer  # noqa: E402

if TYPE_CHECKING:
    from .interop.mlgenn import MlgennNetwork, convert_spikes_to_mlgenn, from_mlgenn, to_mlgenn
    from .interop.nir import NirNetwork, read_nir, write_nir
    from .interop.relu import ConvertedNetwork, convert_relu
    from .sweep.reading import SweepReader
    from .sweep.records import Trial

if _is_collecting:
    _gc.enable()

_serve_old_paths()

# Imported on first use, because most programs need none of them.
_LAZY = {
    **dict.fromkeys(("MlgennNetwork", "from_mlgenn", "convert_spikes_to_mlgenn", "to_mlgenn"), "interop.mlgenn"),
    **dict.fromkeys(("ConvertedNetwork", "convert_relu"), "interop.relu"),
    **dict.fromkeys(("NirNetwork", "read_nir", "write_nir"), "interop.nir"),
    "SweepReader": "sweep.reading",
    "Trial": "sweep.records",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module(f"{__name__}.{_LAZY[name]}"), name)


__all__ = [
    "STDP",
    "BackendError",
    "BatchResult",
    "Callback",
    "Config",
    "Connection",
    "ConvertedNetwork",
    "DataError",
    "Dataset",
    "Delay",
    "Distribution",
    "DivergedError",
    "EProp",
    "EpochMetrics",
    "EventProp",
    "Gamma",
    "GennShdError",
    "LossModel",
    "MlgennNetwork",
    "Model",
    "Network",
    "NeuronModel",
    "NirNetwork",
    "Normal",
    "Parameter",
    "ParameterCheck",
    "Plasticity",
    "Population",
    "PopulationProgram",
    "Program",
    "RandomStreams",
    "Recording",
    "SettingError",
    "SpikeCountRegularisation",
    "SpikeFile",
    "SpikeTrains",
    "Step",
    "Surrogate",
    "SurrogateGradient",
    "SweepReader",
    "SynapseModel",
    "Trained",
    "Trainer",
    "Trajectory",
    "Trial",
    "Uniform",
    "__version__",
    "build_program",
    "check_gradients",
    "compile_network",
    "convert_relu",
    "convert_spikes_to_mlgenn",
    "density_loss",
    "described",
    "from_mlgenn",
    "load_config",
    "load_dataset",
    "logit_loss",
    "prepare_data",
    "read_nir",
    "read_spike_file",
    "recurrent_classifier",
    "run_training",
    "simulate",
    "to_mlgenn",
    "weighted_sum",
    "write_nir",
    "write_spike_file",
]
