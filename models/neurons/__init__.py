"""Neuron models, one file each: `NAME.py` holds the definition NAME. A file beside these is found without more.

Heterogeneous populations are the same models with values that differ between neurons.
"""

from genn_shd.network.definitions import NeuronModel
from genn_shd.network.find_definitions import find_definition, find_definitions

from .alif import ALIF
from .li import LI
from .lif import LIF

__all__ = ["ALIF", "LI", "LIF", "NEURONS", "find_neuron"]

NEURONS = find_definitions(__name__, NeuronModel)
"""Name of the file -> its definition."""


def find_neuron(name: str) -> NeuronModel:
    """Return the neuron model of that name, or of the import path `module:name`.

    Raises
    ------
    SettingError
        There is none.
    """
    return find_definition(name, NeuronModel, NEURONS)
