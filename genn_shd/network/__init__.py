"""Descriptions of networks: definitions, populations, connections, initial values. No arrays, no back end."""

from .._moved import hand_on
from .definitions import LossModel, NeuronModel, Parameter, SynapseModel
from .delay import Delay
from .initialisers import Distribution, Gamma, Initial, Normal, Uniform
from .loss_integrands import density_loss, logit_loss
from .network import Connection, Network, Population, SpikeCountRegularisation
from .trained import Trained

__all__ = [
    "Connection",
    "Delay",
    "Distribution",
    "Gamma",
    "Initial",
    "LossModel",
    "Network",
    "NeuronModel",
    "Normal",
    "Parameter",
    "Population",
    "SpikeCountRegularisation",
    "SynapseModel",
    "Trained",
    "Uniform",
    "density_loss",
    "logit_loss",
]

__getattr__ = hand_on("genn_shd.network.network")
