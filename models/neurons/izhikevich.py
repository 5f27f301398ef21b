"""Izhikevich neuron."""

from genn_shd.network.definitions import NeuronModel, Parameter

IZHIKEVICH = NeuronModel(
    name="Izhikevich",
    parameters={
        "a": Parameter(0.02, "1/ms", minimum=0.0, description="rate of the recovery variable"),
        "b": Parameter(0.2, description="strength with which the recovery variable follows the voltage"),
        "c": Parameter(-65.0, "mV", description="voltage after a spike"),
        "d": Parameter(8.0, description="increase of the recovery variable per spike"),
        "gain": Parameter(20.0, description="factor of the synaptic current"),
        "bias": Parameter(0.0, description="constant current"),
        "v_peak": Parameter(30.0, "mV", description="voltage at which a spike is emitted"),
    },
    state={"V": -70.0, "U": -14.0},
    dynamics={
        "V": "0.04 * V**2 + 5 * V + 140 - U + gain * I + bias",
        "U": "a * (b * V - U)",
    },
    threshold="V - v_peak",
    reset={"V": "c", "U": "U + d"},
)
"""Izhikevich neuron: dV/dt = 0.04 V^2 + 5 V + 140 - U + gain I + bias, dU/dt = a (b V - U), V in mV, time in ms; at a
spike, V = v_peak, V becomes c and U becomes U + d (Izhikevich, IEEE Trans. Neural Netw. 14, 1569, 2003). Regular
spiking: c = -65, d = 8; intrinsically bursting: c = -55, d = 4; chattering: c = -50, d = 2. It starts at rest."""
