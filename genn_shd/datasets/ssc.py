"""The Spiking Speech Commands: 35 English words by many speakers, 700 channels.

Cramer, Stradmann, Schemmel & Zenke 2020, IEEE Trans. Neural Netw. Learn. Syst. 33, 2744. The official split
has 75466 training, 9981 validation and 20382 test samples: at 6 bytes a spike, several GB in memory.
"""

from __future__ import annotations

from ..spikes.hdf5_file import read_spike_file
from .base import Dataset
from .cache import DataDir, fetch
from .hdf5 import combine

NUM_UNITS = 700
DURATION = 1000.0
"""Duration of every recording of the speech commands, ms."""

_PARTS = {"train": "train", "validation": "valid", "test": "test"}


def load(data_dir: DataDir = None) -> Dataset:
    """Load the Spiking Speech Commands (Cramer et al. 2020): all official sets, downloaded on first use.

    Parameters
    ----------
    data_dir : folder of data sets; default: the environment variable GENN_SHD_DATA, or ~/.cache/genn_shd/data. The
        files are in its subfolder SSC.

    Raises
    ------
    DataError
        The files are missing and cannot be downloaded, or they are damaged.
    """
    from tonic.datasets import SSC  # slow to import

    files = {part: read_spike_file(fetch(SSC, name, data_dir), NUM_UNITS) for part, name in _PARTS.items()}
    return combine("ssc", files, files["train"].class_names, DURATION)
