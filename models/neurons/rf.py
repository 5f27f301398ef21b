"""Resonate-and-fire neuron."""

import math

from genn_shd.network.definitions import NeuronModel, Parameter

_TURN = f"({2 * math.pi!r} / period)"

RF = NeuronModel(
    name="RF",
    parameters={
        "tau_mem": Parameter(20.0, "ms", minimum=0.0, description="membrane time constant"),
        "period": Parameter(40.0, "ms", minimum=0.0, description="period of the membrane's oscillation"),
        "v_threshold": Parameter(1.0, minimum=0.0, description="voltage at which a spike is emitted"),
        "v_reset": Parameter(1.0, description="voltage after a spike"),
    },
    state={"V": 0.0, "U": 0.0},
    dynamics={"V": f"-V / tau_mem + {_TURN} * U", "U": f"(I - U) / tau_mem - {_TURN} * V"},
    threshold="V - v_threshold",
    reset={"V": "v_reset", "U": "0.0"},
)
"""Damped oscillator z = U + i V, dz/dt = (-1 / tau_mem + 2 pi i / period) z + I / tau_mem; it spikes when V reaches
v_threshold, and then V becomes v_reset and U becomes 0. It responds best to input with its own period.

E. M. Izhikevich, Resonate-and-fire neurons, Neural Netw. 14, 883 (2001), whose v_reset is the threshold, as here.
"""
