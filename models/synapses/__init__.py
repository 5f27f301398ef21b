"""Synapse models, one file each: `NAME.py` holds the definition NAME. A file beside these is found without more."""

from genn_shd.network.definitions import SynapseModel
from genn_shd.network.find_definitions import find_definition, find_definitions

from .exponential import EXPONENTIAL

__all__ = ["EXPONENTIAL", "SYNAPSES", "find_synapse"]

SYNAPSES = find_definitions(__name__, SynapseModel)
"""Name of the file -> its definition."""


def find_synapse(name: str) -> SynapseModel:
    """Return the synapse model of that name, or of the import path `module:name`.

    Raises
    ------
    SettingError
        There is none.
    """
    return find_definition(name, SynapseModel, SYNAPSES)
