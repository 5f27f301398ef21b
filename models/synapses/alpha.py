"""Alpha synapse."""

from genn_shd.network.definitions import Parameter, SynapseModel

ALPHA = SynapseModel(
    name="alpha",
    parameters={"tau_syn": Parameter(5.0, "ms", minimum=0.0, description="synaptic time constant")},
    state={"I": 0.0, "R": 0.0},
    dynamics={"I": "(R - I) / tau_syn", "R": "-R / tau_syn"},
    receives="R",
)
"""Each spike adds its weight to R, tau_syn dR/dt = -R, tau_syn dI/dt = -I + R. The current after one spike of weight w
is w (t / tau_syn) exp(-t / tau_syn); its integral, w tau_syn, is that of an exponential synapse.

W. Rall, J. Neurophysiol. 30, 1138 (1967).
"""
