"""Leaky integrate-and-fire neuron with an adaptive threshold."""

from genn_shd.network.definitions import NeuronModel, Parameter

from .lif import LIF

ALIF = NeuronModel(
    name="ALIF",
    parameters={
        **LIF.parameters,
        "tau_adapt": Parameter(100.0, "ms", minimum=0.0, description="time constant of the threshold's adaptation"),
        "increment": Parameter(0.1, description="increase of the threshold per spike"),
    },
    state={"V": 0.0, "A": 0.0},
    dynamics={"V": "(I - V) / tau_mem", "A": "-A / tau_adapt"},
    threshold="V - v_threshold - A",
    reset={"V": "v_reset", "A": "A + increment"},
)
"""LIF neuron with an adaptive threshold v_threshold + A, tau_adapt dA/dt = -A; each spike adds `increment` to A.
Defaults of the reference implementation of Nowotny et al. (2025)."""
