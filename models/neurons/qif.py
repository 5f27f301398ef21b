"""Quadratic integrate-and-fire neuron."""

from genn_shd.network.definitions import NeuronModel, Parameter

QIF = NeuronModel(
    name="QIF",
    parameters={
        "tau_mem": Parameter(20.0, "ms", minimum=0.0, description="membrane time constant"),
        "v_rest": Parameter(0.0, description="stable resting voltage"),
        "v_critical": Parameter(0.5, description="unstable resting voltage: above it, V grows until the neuron spikes"),
        "v_threshold": Parameter(1.0, description="voltage at which a spike is emitted"),
        "v_reset": Parameter(0.0, description="voltage after a spike"),
        "gain": Parameter(2.0, description="factor of the quadratic term"),
    },
    state={"V": 0.0},
    dynamics={"V": "(gain * (V - v_rest) * (V - v_critical) + I) / tau_mem"},
    threshold="V - v_threshold",
    reset={"V": "v_reset"},
)
"""Quadratic integrate-and-fire neuron: tau_mem dV/dt = gain (V - v_rest) (V - v_critical) + I; spikes and is reset when
V reaches v_threshold. With the defaults, a small V decays as in a LIF neuron (Latham et al., J. Neurophysiol. 83, 808,
2000; Gerstner et al., Neuronal Dynamics, section 5.3)."""
