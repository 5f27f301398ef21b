"""Exponential synapse."""

from genn_shd.network.definitions import Parameter, SynapseModel

EXPONENTIAL = SynapseModel(
    name="exponential",
    parameters={"tau_syn": Parameter(5.0, "ms", minimum=0.0, description="synaptic time constant")},
    state={"I": 0.0},
    dynamics={"I": "-I / tau_syn"},
    receives="I",
)
"""Exponential synapse: each spike adds its weight to the current I, tau_syn dI/dt = -I."""
