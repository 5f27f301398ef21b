"""genn_shd: exact gradients for spiking neural networks, by code generation.

from genn_shd import SpikeTrains, compile_network
from genn_shd.models import recurrent_classifier
"""

from pathlib import Path as _Path

# `models/` and `sweeps/` stand beside this folder in a checkout, where users add their own work, and install as
# genn_shd.models and genn_shd.sweeps. This makes a checkout that is not installed work too.
_checkout = _Path(__file__).parent.parent
if not (_Path(__file__).parent / "models").exists() and (_checkout / "models" / "networks.py").exists():
    __path__.append(str(_checkout))

from ._version import __version__  # noqa: E402
from .backends.base import BatchResult, Model  # noqa: E402
from .compile import compile_network  # noqa: E402
from .errors import BackendError, DataError, DivergedError, GennShdError, SettingError  # noqa: E402
from .events import SpikeTrains  # noqa: E402

__all__ = [
    "BackendError",
    "BatchResult",
    "DataError",
    "DivergedError",
    "GennShdError",
    "Model",
    "SettingError",
    "SpikeTrains",
    "__version__",
    "compile_network",
]
