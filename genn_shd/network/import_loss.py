"""Losses that users write in Python modules of their own, found by `module:name`."""

from __future__ import annotations

import importlib

from ..errors import SettingError, nearest
from .definitions import LossModel


def is_import_path(name: str) -> bool:
    """Whether the name of a loss says where to find it."""
    return ":" in name


def load_loss(path: str) -> LossModel:
    """The definition `name` of a module, for a path `module:name`. Importing the module runs it.

    Raises
    ------
    SettingError
        A module or name that is not there, or is no loss.
    """
    module_name, _, name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == module_name
        why = "there is no such module in this folder or among those installed" if missing else f"{error!r}"
        raise SettingError(f"loss {path!r}: {module_name!r} cannot be imported: {why}.") from None
    losses = [key for key, value in vars(module).items() if isinstance(value, LossModel)]
    if not hasattr(module, name):
        known = f"; losses in it: {', '.join(losses)}" if losses else ""
        raise SettingError(f"loss {path!r}: {module_name} has no {name!r}{known}.{nearest(name, losses)}")
    loss = getattr(module, name)
    if not isinstance(loss, LossModel):
        made = "make one with density_loss, logit_loss, weighted_sum or LossModel"
        raise SettingError(f"loss {path!r} is {type(loss).__name__}, no LossModel: {made} (docs/guides/losses.md).")
    return loss
