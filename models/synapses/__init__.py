"""Synapse models, one module each: the module `name` defines NAME. New modules in this package are found."""

from genn_shd.network.definitions import SynapseModel
from genn_shd.network.find_definitions import find_definition, find_definitions

from .exponential import EXPONENTIAL

__all__ = ["EXPONENTIAL", "SYNAPSES", "find_synapse"]

SYNAPSES = find_definitions(__name__, SynapseModel)
"""Synapse model by name of its module."""


def find_synapse(name: str) -> SynapseModel:
    """Return the synapse model of a name, or of an import path `module:name`.

    Raises
    ------
    SettingError
        There is no such synapse model; the message suggests the most similar name.
    """
    return find_definition(name, SynapseModel, SYNAPSES)
