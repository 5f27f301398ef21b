"""Synapse models, one file each: `NAME.py` holds the definition NAME. A file beside these is found without more."""

from genn_shd.errors import unknown_name
from genn_shd.network.definitions import SynapseModel
from genn_shd.network.find_definitions import find_definitions, is_import_path, load_definition

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
    if is_import_path(name):
        return load_definition(name, SynapseModel)
    if name not in SYNAPSES:
        raise unknown_name("synapse", name, SYNAPSES)
    return SYNAPSES[name]
