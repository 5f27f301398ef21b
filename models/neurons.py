"""Neuron models. Heterogeneous populations are the same models with values that differ between neurons."""

from genn_shd.network.definitions import NeuronModel, Parameter

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

ALIF = NeuronModel(
    name="ALIF",
    parameters={
        **LIF.parameters,
        "tau_adapt": Parameter(100.0, "ms", minimum=0.0),
        "increment": Parameter(0.1),
    },
    state={"V": 0.0, "A": 0.0},
    dynamics={"V": "(I - V) / tau_mem", "A": "-A / tau_adapt"},
    threshold="V - v_threshold - A",
    reset={"V": "v_reset", "A": "A + increment"},
)
"""LIF neuron with an adaptive threshold v_threshold + A, tau_adapt dA/dt = -A, raised by `increment` at each spike.
Defaults of the reference implementation of Nowotny et al. (2025)."""

LI = NeuronModel(
    name="LI",
    parameters={"tau_mem": Parameter(20.0, "ms", minimum=0.0)},
    state={"V": 0.0},
    dynamics={"V": "(I - V) / tau_mem"},
)
"""Leaky integrator that never spikes: the readout whose voltage a loss reads."""

NEURONS = {"lif": LIF, "alif": ALIF, "li": LI}
"""Neuron models by the name that settings take."""
