"""Leaky integrate-and-fire neuron without reset."""

from genn_shd.network.definitions import NeuronModel, Parameter

PARALIF = NeuronModel(
    name="ParaLIF",
    parameters={
        "tau_mem": Parameter(20.0, "ms", minimum=0.0, description="membrane time constant"),
        "v_threshold": Parameter(1.0, minimum=0.0, description="voltage above which spikes are sent"),
    },
    state={"V": 0.0},
    dynamics={"V": "(I - V) / tau_mem"},
    threshold="V - v_threshold",
)
"""tau_mem dV/dt = -V + I, and nothing resets V, which is linear in the input and so could be computed for all times at
once. With the learning rules `surrogate` and `eprop` it spikes in every step in which V is above v_threshold; with
`eventprop` where V crosses it from below.

A. Y. A. Yarga & S. U. N. Wood, Accelerating spiking neural networks with parallelizable leaky integrate-and-fire
neurons, Neuromorph. Comput. Eng. (2025), with a threshold on V. Their recurrent form is `recurrent = "two_pass"`.
"""
