"""Find definitions of neurons, synapses and losses: those of a package, one per file, and a user's `module:name`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import TypeVar

from ..errors import unknown_name
from ..system.import_path import is_import_path, load_object
from .definitions import LossModel, NeuronModel, SynapseModel

__all__ = ["find_definition", "find_definitions", "is_import_path", "load_definition"]

Definition = TypeVar("Definition", NeuronModel, SynapseModel, LossModel)

_WORDS: dict[type, tuple[str, str]] = {
    NeuronModel: ("neuron", "make one with NeuronModel (docs/guides/extending.md)"),
    SynapseModel: ("synapse", "make one with SynapseModel (docs/guides/extending.md)"),
    LossModel: ("loss", "make one with density_loss, logit_loss, weighted_sum or LossModel (docs/guides/losses.md)"),
}


def find_definitions(package: str, kind: type[Definition]) -> dict[str, Definition]:
    """Return the definitions in a package, by the name of their module.

    A definition is found if its name, in lower case and with underscores, is the name of its module.

    Parameters
    ----------
    package : its dotted name.
    kind : class of the definitions.
    """
    found = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        for value in vars(importlib.import_module(f"{package}.{module.name}")).values():
            if isinstance(value, kind) and value.name.lower().replace("-", "_") == module.name:
                found[module.name] = value
    return found


def find_definition(name: str, kind: type[Definition], known: Mapping[str, Definition]) -> Definition:
    """Return the definition called `name`: one of `known`, or the one at the import path `module:name`.

    Raises
    ------
    SettingError
        There is no such definition; the message suggests the most similar name.
    """
    if is_import_path(name):
        return load_definition(name, kind)
    if name not in known:
        raise unknown_name(_WORDS[kind][0], name, known)
    return known[name]


def load_definition(path: str, kind: type[Definition]) -> Definition:
    """Import `module` and return its definition `name`, for a path `module:name`.

    Raises
    ------
    SettingError
        The module or the name does not exist, or it is no definition of this kind.
    """
    what, remedy = _WORDS[kind]
    return load_object(path, what, kind, remedy)
