"""The Spiking Heidelberg Digits: 20 spoken digits (German and English), 12 speakers, 700 channels.

Cramer, Stradmann, Schemmel & Zenke 2020, IEEE Trans. Neural Netw. Learn. Syst. 33, 2744. The official split
has 8156 training and 2264 test samples; two of the speakers occur in the test set only.
"""

from __future__ import annotations

from ..spikes.hdf5_file import read_spike_file
from .base import Dataset
from .cache import DataDir, fetch
from .hdf5 import combine

NUM_UNITS = 700
DURATION = 1000.0
"""Duration of a trial in Nowotny et al. 2025, ms. A few words are longer, up to 1.4 s."""


def load(data_dir: DataDir = None) -> Dataset:
    """Load the Spiking Heidelberg Digits (Cramer et al. 2020): training and test sets, downloaded on first use.

    Parameters
    ----------
    data_dir : folder of data sets; default: the environment variable GENN_SHD_DATA, or ~/.cache/genn_shd/data. The
        files are in its subfolder SHD.

    Raises
    ------
    DataError
        The files are missing and cannot be downloaded, or they are damaged.
    """
    from tonic.datasets import SHD  # slow to import

    files = {part: read_spike_file(fetch(SHD, part, data_dir), NUM_UNITS) for part in ("train", "test")}
    return combine("shd", files, files["train"].class_names, DURATION)
