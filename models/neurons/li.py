"""Leaky integrator, a readout."""

from genn_shd.network.definitions import NeuronModel, Parameter

LI = NeuronModel(
    name="LI",
    parameters={"tau_mem": Parameter(20.0, "ms", minimum=0.0, description="membrane time constant")},
    state={"V": 0.0},
    dynamics={"V": "(I - V) / tau_mem"},
)
"""Leaky integrator, tau_mem dV/dt = -V + I, which never spikes: an output whose voltage the loss reads."""
