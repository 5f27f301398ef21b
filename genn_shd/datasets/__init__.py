"""Data sets: `load` one by name; one file each.

shd         the Spiking Heidelberg Digits, downloaded
ssc         the Spiking Speech Commands, downloaded
fsdd        the Free Spoken Digit Dataset as spikes: real speech, ten digits, five speakers
hdf5        any file in SHD's layout
spoken_digits  twenty English and German words by twenty synthetic speakers, made from a seed
yin_yang    points in a yin-yang sign, generated from a seed
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..errors import SettingError, unknown_name
from . import fsdd, hdf5, shd, splits, spoken_digits, ssc, yin_yang
from .base import Dataset
from .cache import data_folder

__all__ = ["LOADERS", "Dataset", "data_folder", "load", "setting_names", "splits"]

LOADERS: dict[str, Callable[..., Dataset]] = {
    "shd": shd.load,
    "ssc": ssc.load,
    "fsdd": fsdd.load,
    "hdf5": hdf5.load,
    "spoken_digits": spoken_digits.load,
    "yin_yang": yin_yang.load,
}
"""The function that loads each data set. To add a data set, write a file like these and name it here."""


def load(name: str, **settings: Any) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    name : one of `LOADERS`.
    settings : those of the data set's own `load`.

    Raises
    ------
    SettingError
        A name or setting that does not exist, or one that is missing or not allowed.
    DataError
        Files that are missing or cannot be used.
    """
    allowed = setting_names(name)
    for setting in settings:
        if setting not in allowed:
            raise unknown_name(f"setting of data set {name!r},", setting, allowed)
    parameters = inspect.signature(LOADERS[name]).parameters.values()
    for parameter in parameters:
        if parameter.default is parameter.empty and settings.get(parameter.name) is None:
            raise SettingError(f"data set {name!r} needs {parameter.name}: set it.")
    return LOADERS[name](**settings)


def setting_names(name: str) -> tuple[str, ...]:
    """The settings that `load` takes for a data set.

    Raises
    ------
    SettingError
        There is no such data set.
    """
    if name not in LOADERS:
        raise unknown_name("data set", name, LOADERS)
    return tuple(inspect.signature(LOADERS[name]).parameters)
