"""A neuron of one's own: leaky integrate-and-fire with an adaptation current.

Train with it:

    python -m genn_shd.train --preset yin_yang --set network.neuron=examples.neuron:ADAPTIVE_CURRENT \\
        --set network.tau_w=80 --set network.trained.tau_w.minimum=10

The definition is all there is: its parameters are settings, code and gradient are derived from it.
"""

from genn_shd import NeuronModel, Parameter

ADAPTIVE_CURRENT = NeuronModel(
    name="adaptive_current",
    parameters={
        "tau_mem": Parameter(20.0, "ms", minimum=0.0, description="membrane time constant"),
        "tau_w": Parameter(60.0, "ms", minimum=0.0, description="time constant of the adaptation current"),
        "jump": Parameter(0.3, description="what a spike adds to the adaptation current"),
        "v_threshold": Parameter(1.0, minimum=0.0, description="voltage at which a spike is sent"),
    },
    state={"V": 0.0, "W": 0.0},
    dynamics={"V": "(I - W - V) / tau_mem", "W": "-W / tau_w"},
    threshold="V - v_threshold",
    reset={"V": "0.0", "W": "W + jump"},
)
"""tau_mem dV/dt = -V - W + I, tau_w dW/dt = -W; a spike resets V to 0 and raises W by `jump`."""
