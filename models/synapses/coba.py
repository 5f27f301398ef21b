"""Conductance-based synapse."""

from genn_shd.network.definitions import Parameter, SynapseModel

COBA = SynapseModel(
    name="coba",
    parameters={
        "tau_syn": Parameter(5.0, "ms", minimum=0.0, description="synaptic time constant"),
        "e_rev": Parameter(4.0, description="reversal potential"),
    },
    state={"g": 0.0},
    dynamics={"g": "-g / tau_syn"},
    receives="g",
    current="g * (e_rev - V)",
)
"""Conductance-based synapse: each spike adds its weight to the conductance g, tau_syn dg/dt = -g; the current is
g (e_rev - V), with the neuron's voltage V (Destexhe et al., Neural Comput. 6, 14, 1994). e_rev is in the unit of V. A
negative weight reduces the conductance."""
