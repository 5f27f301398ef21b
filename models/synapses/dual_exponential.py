"""Synapse with a time constant of its rise and one of its decay."""

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
"""A spike adds its weight to R, tau_rise dR/dt = -R, which flows into the current: dI/dt = -I / tau_syn + R / tau_rise.
So I is a difference of two exponentials, finite where they meet, of the charge of an exponential synapse, w tau_syn.
"""
