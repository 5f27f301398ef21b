"""Hodgkin-Huxley neuron."""

from genn_shd.network.definitions import NeuronModel, Parameter

HODGKIN_HUXLEY = NeuronModel(
    name="Hodgkin-Huxley",
    parameters={
        "c_mem": Parameter(1.0, "uF/cm2", minimum=0.0, description="membrane capacitance"),
        "g_na": Parameter(120.0, "mS/cm2", description="largest conductance of sodium"),
        "g_k": Parameter(36.0, "mS/cm2", description="largest conductance of potassium"),
        "g_leak": Parameter(0.3, "mS/cm2", description="conductance of the leak"),
        "e_na": Parameter(50.0, "mV", description="reversal potential of sodium"),
        "e_k": Parameter(-77.0, "mV", description="reversal potential of potassium"),
        "e_leak": Parameter(-54.4, "mV", description="reversal potential of the leak"),
        "gain": Parameter(20.0, "uA/cm2", description="factor of the synaptic current"),
        "bias": Parameter(0.0, "uA/cm2", description="constant current"),
        "v_threshold": Parameter(0.0, "mV", description="a spike is a crossing of this voltage from below"),
    },
    state={"V": -65.0, "m": 0.0529, "h": 0.5961, "n": 0.3177},
    dynamics={
        "V": "(g_na * m**3 * h * (e_na - V) + g_k * n**4 * (e_k - V) + g_leak * (e_leak - V)"
        " + gain * I + bias) / c_mem",
        "m": "(1 - m) / exprel(-(V + 40) / 10) - 4 * exp(-(V + 65) / 18) * m",
        "h": "0.07 * exp(-(V + 65) / 20) * (1 - h) - h / (1 + exp(-(V + 35) / 10))",
        "n": "0.1 * (1 - n) / exprel(-(V + 55) / 10) - 0.125 * exp(-(V + 65) / 80) * n",
    },
    threshold="V - v_threshold",
)
"""Hodgkin-Huxley neuron (J. Physiol. 117, 500, 1952), with the modern sign of V and rest at -65 mV (Gerstner et al.,
Neuronal Dynamics, section 2.2): c_mem dV/dt = g_na m^3 h (e_na - V) + g_k n^4 (e_k - V) + g_leak (e_leak - V) + gain I
+ bias, with gates dx/dt = alpha_x(V) (1 - x) - beta_x(V) x. There is no reset: a spike is a crossing of v_threshold
from below. exprel(x) = (exp(x) - 1) / x, with exprel(0) = 1, avoids that two rates divide zero by zero at -40 and
-55 mV. The equations are stiff: use dt = 1 ms with 20 substeps, or dt = 0.05 ms."""
