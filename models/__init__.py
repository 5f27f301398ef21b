"""Definitions: neurons, synapses, losses and networks, as data. Add your own here."""

from .losses import LOSSES
from .networks import recurrent_classifier
from .neurons import ALIF, LI, LIF, NEURONS
from .synapses import EXPONENTIAL

__all__ = ["ALIF", "EXPONENTIAL", "LI", "LIF", "LOSSES", "NEURONS", "recurrent_classifier"]
