"""Leaky integrate-and-fire neuron without reset, that spikes while its voltage rises."""

from genn_shd.network.definitions import NeuronModel, Parameter

PARALIF_DELTA = NeuronModel(
    name="ParaLIF-delta",
    parameters={
        "tau_mem": Parameter(20.0, "ms", minimum=0.0, description="membrane time constant"),
        "tau_delta": Parameter(1.0, "ms", minimum=0.0, description="time over which a rise of the voltage is measured"),
        "v_threshold": Parameter(0.05, description="rise of the voltage above which spikes are sent"),
    },
    state={"V": 0.0, "U": 0.0},
    dynamics={"V": "(I - V) / tau_mem", "U": "(V - U) / tau_delta"},
    threshold="V - U - v_threshold",
)
"""ParaLIF whose threshold is on the rise of the voltage, V - U, where U follows V: tau_delta dU/dt = V - U.

The delta form of Yarga & Wood (2025) compares V with its value one time step before, V(t) - V(t - dt) = int V' over the
last step. Here the window of V' is exp(-s / tau_delta) instead of 1 for s < dt, so that the neuron does not depend on
dt; both have the same area at tau_delta = dt. The authors' code begins with a threshold of 0.01; the default here is
that of about as many spikes as a threshold of 1 on V, for a tau_mem of 20 ms.
"""
