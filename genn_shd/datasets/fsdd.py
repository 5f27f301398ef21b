"""The Free Spoken Digit Dataset as spikes: 10 English digits, five speakers, 2500 recordings, 700 channels.

Recordings: J. Zohar and contributors, github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0.
Spikes: the cochlea model of Cramer et al. 2020, cut at 1 s, in SHD's layout; `extra/index` is the number of a
recording among those of its digit and speaker.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from ..errors import DataError, unknown_name
from ..spikes.hdf5_file import SpikeFile, open_file, read_integers, read_spike_file
from ..system.described import described
from .base import Dataset
from .cache import ENVIRONMENT_VARIABLE, DataDir, find_data_folder
from .hdf5 import combine

FILE_NAME = "fsdd_spikes.h5"
NUM_UNITS = 700
DURATION = 1000.0
CLASS_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_NUM_TEST = 5  # official split of FSDD: recordings 0 to 4 of each digit and speaker are the test set
_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def load(
    path: Annotated[
        str | os.PathLike[str] | None, described("the HDF5 file; default: the one in data_dir", is_path=True)
    ] = None,
    data_dir: DataDir = None,
    split: Annotated[
        Literal["official", "all"],
        described("official: recordings 0 to 4 of each digit and speaker are the test set; all: no test set"),
    ] = "official",
) -> Dataset:
    """Load ten English digits by five human speakers as 700-channel spikes (Free Spoken Digit Dataset).

    Parameters
    ----------
    path : the file; None means `fsdd_spikes.h5` in `data_dir` (default: the environment variable GENN_SHD_DATA, or
        ~/.cache/genn_shd/data), else in `../shared/data` beside a checkout.
    data_dir : folder of data sets.
    split : `official`, 2250 recordings for training and 250 for testing; `all`, all recordings for training, for use
        with `validation.kind = "leave_one_speaker_out"`.

    Raises
    ------
    DataError
        The file is missing or cannot be used.
    SettingError
        The split is unknown.
    """
    if split not in _SPLITS:
        raise unknown_name("split", split, _SPLITS)
    file = read_spike_file(_find(data_dir) if path is None else path, NUM_UNITS)
    return combine("fsdd", _SPLITS[split](file), CLASS_NAMES, DURATION)


def _split_official(file: SpikeFile) -> dict[str, SpikeFile]:
    try:
        with open_file(file.path) as h5:
            index = read_integers(h5, "extra/index", len(file.trains))
    except DataError as error:
        raise DataError(f"{error} split = 'official' needs it; split = 'all' does not.") from None
    is_test = index < _NUM_TEST
    return {
        "train": replace(file, trains=file.trains.select(np.flatnonzero(~is_test))),
        "test": replace(file, trains=file.trains.select(np.flatnonzero(is_test))),
    }


def _keep_all(file: SpikeFile) -> dict[str, SpikeFile]:
    return {"train": file}


_SPLITS: dict[str, Callable[[SpikeFile], dict[str, SpikeFile]]] = {"official": _split_official, "all": _keep_all}


def _find(data_dir: str | os.PathLike[str] | None) -> Path:
    candidates = [find_data_folder(data_dir) / FILE_NAME, _BESIDE_CHECKOUT / FILE_NAME]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise DataError(
        f"{FILE_NAME} is neither in {candidates[0].parent} nor in {candidates[1].parent}; set path to the "
        f"file, or data_dir (or the environment variable {ENVIRONMENT_VARIABLE}) to its folder."
    )
