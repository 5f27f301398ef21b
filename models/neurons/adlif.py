"""Leaky integrate-and-fire neuron with an adaptation current."""

from genn_shd.network.definitions import NeuronModel, Parameter

from .lif import LIF

ADLIF = NeuronModel(
    name="adLIF",
    parameters={
        **LIF.parameters,
        "tau_adapt": Parameter(100.0, "ms", minimum=0.0, description="time constant of the adaptation"),
        "a": Parameter(0.5, description="strength with which the voltage drives the adaptation current"),
        "b": Parameter(0.1, description="increase of the adaptation current per spike"),
    },
    state={"V": 0.0, "W": 0.0},
    dynamics={"V": "(I - V - W) / tau_mem", "W": "(a * V - W) / tau_adapt"},
    threshold="V - v_threshold",
    reset={"V": "v_reset", "W": "W + b"},
)
"""LIF neuron with a current W that opposes its input: tau_mem dV/dt = -V + I - W, tau_adapt dW/dt = -W + a V; a spike
resets V and adds b to W. It oscillates if 4 a tau_mem tau_adapt > (tau_adapt - tau_mem)^2.

A. Bittar & P. N. Garner, Front. Neurosci. 16, 865897 (2022); M. Baronig et al., Nat. Commun. 16 (2025), arXiv
2408.07517.
"""
