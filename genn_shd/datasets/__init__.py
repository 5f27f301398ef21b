"""Data sets: `load_dataset` loads one by name. Each is a module of this package with a function `load`.

shd         the Spiking Heidelberg Digits, downloaded
ssc         the Spiking Speech Commands, downloaded
fsdd        the Free Spoken Digit Dataset as spikes: real speech, ten digits, five speakers
hdf5        any file in SHD's layout
spoken_digits  twenty English and German words by twenty synthetic speakers, made from a seed
digits      1797 handwritten digits of 8 x 8 pixels, which come with scikit-learn
yin_yang    points in a yin-yang sign, generated from a seed
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import FunctionType
from typing import Any, get_type_hints

from .._moved import serve_old_names
from ..errors import SettingError, unknown_name
from ..system.described import list_fields
from ..system.import_path import is_import_path, load_object
from . import splits
from .base import Dataset
from .cache import find_data_folder

__all__ = ["LOADERS", "Dataset", "find_data_folder", "find_loader", "list_settings", "load_dataset", "splits"]

Loader = Callable[..., Dataset]

__getattr__ = serve_old_names(__name__, {"load": "load_dataset"})


def _find_loaders() -> dict[str, Loader]:
    """Return the functions `load` of the modules of this package, by name of the module."""
    modules = {m.name: importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)}
    return {name: module.load for name, module in modules.items() if hasattr(module, "load")}


LOADERS = _find_loaders()
"""Function that loads each data set, by name. To add one, write a module with such a function in this package."""


def find_loader(name: str) -> Loader:
    """Return the function that loads the data set of a name, or of an import path `module:name`.

    Raises
    ------
    SettingError
        There is none.
    """
    if not is_import_path(name):
        if name not in LOADERS:
            raise unknown_name("data set", name, LOADERS)
        return LOADERS[name]
    remedy = "write a function that returns a Dataset (docs/guides/extending.md)"
    loader: Any = load_object(name, "data set", FunctionType, remedy)
    if get_type_hints(loader).get("return") is not Dataset:
        raise SettingError(f"data set {name!r} is no loader: its function is not annotated `-> Dataset`; {remedy}.")
    return loader


def load_dataset(name: str, **settings: Any) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    name : name of a data set, such as `shd` or `spoken_digits`, or import path `module:name` of your own function.
    settings : settings of the data set: the arguments of its function `load`.

    Raises
    ------
    SettingError
        A name or setting is unknown, missing or not allowed.
    DataError
        A file is missing or cannot be used.
    """
    loader, allowed = find_loader(name), list_settings(name)
    for setting in settings:
        if setting not in allowed:
            raise unknown_name(f"setting of data set {name!r},", setting, allowed)
    for parameter, (_, default) in list_fields(loader).items():
        if default is ... and settings.get(parameter) is None:
            raise SettingError(f"data set {name!r} needs {parameter}: set it.")
    return loader(**settings)


def list_settings(name: str) -> tuple[str, ...]:
    """Return the names of the settings of a data set.

    Raises
    ------
    SettingError
        There is no such data set.
    """
    return tuple(inspect.signature(find_loader(name)).parameters)
