"""Descriptions of networks: definitions, populations, connections, initial values. No arrays, no back end."""

from .._moved import hand_on
from .definitions import LossModel, NeuronModel, Parameter, SynapseModel
from .delay import Delay
from .initialisers import Distribution, Gamma, Initial, Normal, Uniform
from .learning_rules import STDP, EProp, EventProp, SurrogateGradient
from .loss_integrands import density_loss, logit_loss
from .network import Connection, Network, Population, SpikeCountRegularisation
from .plasticity import Plasticity
from .surrogates import Surrogate
from .trained import Trained

__all__ = [
    "STDP",
    "Connection",
    "Delay",
    "Distribution",
    "EProp",
    "EventProp",
    "Gamma",
    "Initial",
    "LossModel",
    "Network",
    "NeuronModel",
    "Normal",
    "Parameter",
    "Plasticity",
    "Population",
    "SpikeCountRegularisation",
    "Surrogate",
    "SurrogateGradient",
    "SynapseModel",
    "Trained",
    "Uniform",
    "density_loss",
    "logit_loss",
]

__getattr__ = hand_on("genn_shd.network.network")
