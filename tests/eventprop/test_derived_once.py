"""Equations are derived once: populations that differ in any of them share nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from genn_shd import Connection, Network, NeuronModel, Normal, Parameter, Population, SynapseModel, Trained
from genn_shd.eventprop import adjoint, sensitivity
from genn_shd.models import LI, LOSSES
from genn_shd.models.synapses import EXPONENTIAL

NEURON = NeuronModel(
    name="neuron",
    parameters={"tau": Parameter(20.0, "ms", minimum=0.0), "gain": Parameter(1.0), "leak": Parameter(0.1, minimum=0.0)},
    state={"V": 0.0, "U": 0.0},
    dynamics={"V": "(gain * I - V) / tau", "U": "V - leak * U"},
    threshold="V - 1",
    reset={"V": "0.0"},
)
SYNAPSE = SynapseModel(
    name="synapse",
    parameters={"tau_syn": Parameter(5.0, "ms", minimum=0.0)},
    state={"X": 0.0, "Y": 0.0},
    dynamics={"X": "(Y - X) / tau_syn", "Y": "-Y / tau_syn"},
    receives="Y",
    current="X",
)
CHANGES = {
    "dynamics": (replace(NEURON, dynamics={**NEURON.dynamics, "U": "V - 2.0 * leak * U"}), SYNAPSE),
    "threshold": (replace(NEURON, threshold="V + U - 1"), SYNAPSE),
    "reset": (replace(NEURON, reset={"V": "V - 1"}), SYNAPSE),
    "order of states": (replace(NEURON, state={"U": 0.0, "V": 0.0}), SYNAPSE),
    "limits": (replace(NEURON, parameters={**NEURON.parameters, "leak": Parameter(0.1)}), SYNAPSE),
    "synapse's dynamics": (NEURON, replace(SYNAPSE, dynamics={**SYNAPSE.dynamics, "X": "(2.0 * Y - X) / tau_syn"})),
    "receives": (NEURON, replace(SYNAPSE, receives="X")),
    "current": (NEURON, replace(SYNAPSE, current="X + Y")),
}


def derive(neuron, synapse, trained=("tau",)):
    """Dynamics and sensitivity of the hidden population of a network, as text."""
    network = Network(
        populations=(
            Population("input", 2),
            Population("hidden", 3, neuron, synapse, trained={name: Trained(minimum=0.1) for name in trained}),
            Population("output", 2, LI, EXPONENTIAL),
        ),
        connections=(Connection("input", "hidden", Normal(0.0, 1.0)), Connection("hidden", "output", Normal(0.0, 1.0))),
        loss=LOSSES["sum"],
    )
    dynamics = adjoint.derive(network)[0]
    assert dynamics.population is network.populations[1]
    derived = sensitivity.derive_sensitivity(dynamics)
    assert derived.dynamics.population is dynamics.population
    return repr(replace(dynamics, population=None)), repr(replace(derived, dynamics=None)), derived.state


def forget():
    adjoint.derive_dynamics.cache_clear()
    sensitivity._derive_for.cache_clear()


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_any_equation_is_derived_again(change):
    forget()
    expected = derive(*CHANGES[change])
    forget()
    before = derive(NEURON, SYNAPSE)
    assert derive(*CHANGES[change]) == expected != before
    assert derive(NEURON, SYNAPSE) == before


def test_other_trained_parameters_are_derived_again():
    assert derive(NEURON, SYNAPSE, ["tau"])[1:] != derive(NEURON, SYNAPSE, ["gain"])[1:]


def test_values_and_names_of_populations_do_not_matter():
    forget()
    derive(NEURON, SYNAPSE)
    derive(replace(NEURON, parameters={**NEURON.parameters, "tau": Parameter(30.0, "ms", minimum=0.0)}), SYNAPSE)
    assert adjoint.derive_dynamics.cache_info().misses == 2  # hidden and output
