"""Synapse with one time constant for its rise and one for its decay."""

from genn_shd.network.definitions import Parameter, SynapseModel

DUAL_EXPONENTIAL = SynapseModel(
    name="dual_exponential",
    parameters={
        "tau_syn": Parameter(5.0, "ms", minimum=0.0, description="time constant of the current's decay"),
        "tau_rise": Parameter(2.0, "ms", minimum=0.0, description="time constant of the current's rise"),
    },
    state={"I": 0.0, "R": 0.0},
    dynamics={"I": "R / tau_rise - I / tau_syn", "R": "-R / tau_rise"},
    receives="R",
)
"""Each spike adds its weight to R, tau_rise dR/dt = -R, and dI/dt = -I / tau_syn + R / tau_rise. The current after one
spike is a difference of two exponentials (also defined for tau_rise = tau_syn); its integral, w tau_syn, is that of an
exponential synapse.
"""
