"""Exponential integrate-and-fire neuron."""

from genn_shd.network.definitions import NeuronModel, Parameter

EIF = NeuronModel(
    name="EIF",
    parameters={
        "tau_mem": Parameter(20.0, "ms", minimum=0.0, description="membrane time constant"),
        "delta": Parameter(0.1, minimum=0.0, description="width of the spike onset; smaller is sharper"),
        "v_rheobase": Parameter(0.7, description="voltage at the onset of a spike"),
        "v_threshold": Parameter(1.0, description="voltage at which a spike is emitted"),
        "v_reset": Parameter(0.0, description="voltage after a spike"),
    },
    state={"V": 0.0},
    dynamics={"V": "(-V + delta * exp((V - v_rheobase) / delta) + I) / tau_mem"},
    threshold="V - v_threshold",
    reset={"V": "v_reset"},
)
"""Exponential integrate-and-fire neuron: tau_mem dV/dt = -V + delta exp((V - v_rheobase) / delta) + I; spikes and
is reset when V reaches v_threshold (Fourcaud-Trocme et al., J. Neurosci. 23, 11628, 2003). Voltages are relative to the
threshold of a LIF neuron."""
