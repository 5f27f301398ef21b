"""A synapse of one's own: a current that rises before it decays.

Train with it:

    python -m genn_shd.train --preset yin_yang --set network.synapse=examples.synapse:ALPHA --set network.tau_rise=3
"""

from genn_shd import Parameter, SynapseModel

ALPHA = SynapseModel(
    name="alpha",
    parameters={
        "tau_rise": Parameter(2.0, "ms", minimum=0.0, description="time constant of the current's rise"),
        "tau_syn": Parameter(5.0, "ms", minimum=0.0, description="time constant of the current's decay"),
    },
    state={"I": 0.0, "R": 0.0},
    dynamics={"I": "(R - I) / tau_syn", "R": "-R / tau_rise"},
    receives="R",
)
"""tau_rise dR/dt = -R, tau_syn dI/dt = -I + R; a spike adds its weight to R, and I is what the neuron takes up."""
