"""Losses of Nowotny, Turner & Knight (2025), one module each; see docs/theory/eventprop.md.

The module `name` defines the loss NAME. New modules in this package are found.
"""

from genn_shd.errors import SettingError
from genn_shd.network.definitions import LossModel
from genn_shd.network.find_definitions import find_definition, find_definitions

from .first_spike import FIRST_SPIKE
from .first_spike_exp import FIRST_SPIKE_EXP
from .max import MAX
from .parameters import INPUT_ACTIVITY, LOSS_SCALE
from .sum import SUM
from .sum_exp import SUM_EXP
from .sum_input import SUM_INPUT
from .sum_linear import SUM_LINEAR
from .sum_sigmoid import SUM_SIGMOID
from .weighted_sum import weighted_sum
from .xentropy import XENTROPY

__all__ = [
    "FIRST_SPIKE",
    "FIRST_SPIKE_EXP",
    "INPUT_ACTIVITY",
    "LOSSES",
    "LOSS_SCALE",
    "MAX",
    "SUM",
    "SUM_EXP",
    "SUM_INPUT",
    "SUM_LINEAR",
    "SUM_SIGMOID",
    "XENTROPY",
    "find_loss",
    "weighted_sum",
]

LOSSES = find_definitions(__name__, LossModel)
"""Loss by name of its module, which is its name in the setting `loss.name`."""


def find_loss(name: str) -> LossModel:
    """Return the loss of a name, or of an import path `module:name`.

    Raises
    ------
    SettingError
        There is no such loss; the message suggests the most similar name.
    """
    if name == "sum_weighted":
        raise SettingError("loss 'sum_weighted' needs its weight: give weighted_sum('sum_weighted', 'exp(-t / T)').")
    return find_definition(name, LossModel, LOSSES)
