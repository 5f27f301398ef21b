"""Leaky integrate-and-fire neuron."""

from genn_shd.network.definitions import NeuronModel, Parameter

LIF = NeuronModel(
    name="LIF",
    parameters={
        "tau_mem": Parameter(20.0, "ms", minimum=0.0, description="membrane time constant"),
        "v_threshold": Parameter(1.0, minimum=0.0, description="voltage at which a spike is emitted"),
        "v_reset": Parameter(0.0, description="voltage after a spike"),
    },
    state={"V": 0.0},
    dynamics={"V": "(I - V) / tau_mem"},
    threshold="V - v_threshold",
    reset={"V": "v_reset"},
)
"""Leaky integrate-and-fire neuron: tau_mem dV/dt = -V + I; spikes and is reset when V reaches v_threshold."""
