"""Definitions of neurons, synapses, losses and networks. Add your own here."""

from .losses import LOSSES
from .networks import recurrent_classifier
from .neurons import ALIF, LI, LIF, NEURONS
from .synapses import EXPONENTIAL, SYNAPSES

__all__ = ["ALIF", "EXPONENTIAL", "LI", "LIF", "LOSSES", "NEURONS", "SYNAPSES", "recurrent_classifier"]
