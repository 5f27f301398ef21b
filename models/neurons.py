"""Neuron models. Heterogeneous populations are the same models with values that differ between neurons."""

from genn_shd.definitions import NeuronModel, Parameter

LIF = NeuronModel(
    name="LIF",
    parameters={
        "tau_mem": Parameter(20.0, "ms", minimum=0.0),
        "v_threshold": Parameter(1.0, minimum=0.0),
        "v_reset": Parameter(0.0),
    },
    state={"V": 0.0},
    dynamics={"V": "(I - V) / tau_mem"},
    threshold="V - v_threshold",
    reset={"V": "v_reset"},
)
"""Leaky integrate-and-fire neuron: tau_mem dV/dt = -V + I; spikes and resets where V reaches v_threshold."""

LI = NeuronModel(
    name="LI",
    parameters={"tau_mem": Parameter(20.0, "ms", minimum=0.0)},
    state={"V": 0.0},
    dynamics={"V": "(I - V) / tau_mem"},
)
"""Leaky integrator that never spikes: the readout whose voltage a loss reads."""

NEURONS = {"lif": LIF, "li": LI}
