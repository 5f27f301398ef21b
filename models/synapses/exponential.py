"""Exponential synapse."""

from genn_shd.network.definitions import Parameter, SynapseModel

EXPONENTIAL = SynapseModel(
    name="exponential",
    parameters={"tau_syn": Parameter(5.0, "ms", minimum=0.0, description="synaptic time constant")},
    state={"I": 0.0},
    dynamics={"I": "-I / tau_syn"},
    receives="I",
)
"""Current that jumps by the weight at every arriving spike and decays: tau_syn dI/dt = -I."""
