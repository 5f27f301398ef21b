"""Integrate-and-fire neuron: no leak, and a spike takes away what it needed."""

from genn_shd.network.definitions import NeuronModel, Parameter

INTEGRATE_AND_FIRE = NeuronModel(
    name="integrate-and-fire",
    parameters={
        "tau_mem": Parameter(5.0, "ms", minimum=0.0, description="time in which a constant input of 1 raises V by 1"),
        "v_threshold": Parameter(1.0, minimum=0.0, description="voltage at which a spike is sent"),
    },
    state={"V": 0.0},
    dynamics={"V": "I / tau_mem"},
    threshold="V - v_threshold",
    reset={"V": "V - v_threshold"},
)
"""tau_mem dV/dt = I; a spike lowers V by v_threshold, so the rate of spikes is the positive part of the mean input: a
rectified linear unit, where the input is constant. An arrival of weight w raises V by w tau_syn / tau_mem in the end.

P. U. Diehl et al., IJCNN (2015), with the reset by subtraction of B. Rueckauer et al., Front. Neurosci. 11, 682 (2017).
"""
