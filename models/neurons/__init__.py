"""Neuron models, one module each: the module `name` defines NAME. New modules in this package are found.

Heterogeneous populations use the same models, with values that differ between neurons.
"""

from genn_shd.network.definitions import NeuronModel
from genn_shd.network.find_definitions import find_definition, find_definitions

from .alif import ALIF
from .li import LI
from .lif import LIF

__all__ = ["ALIF", "LI", "LIF", "NEURONS", "find_neuron"]

NEURONS = find_definitions(__name__, NeuronModel)
"""Neuron model by name of its module."""


def find_neuron(name: str) -> NeuronModel:
    """Return the neuron model of a name, or of an import path `module:name`.

    Raises
    ------
    SettingError
        There is no such neuron model; the message suggests the most similar name.
    """
    return find_definition(name, NeuronModel, NEURONS)
