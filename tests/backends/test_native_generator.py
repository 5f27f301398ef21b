"""What the generator writes, and what it refuses to write."""

from __future__ import annotations

import pytest

from genn_shd import SettingError, compile_network
from genn_shd.backends.native.generator import assigns, literals, template_names, uses
from genn_shd.models import EXPONENTIAL, LI, LIF
from genn_shd.models.losses import LOSSES
from genn_shd.network.definitions import NeuronModel, Parameter
from genn_shd.network.initialisers import Normal
from genn_shd.network.network import Connection, Network, Population


def test_float_code_never_computes_in_double():
    assert literals("exp(-1.5 * x) + 2.0e-3 / pow(y, 2.0)", "float32") == "expf(-1.5f * x) + 2.0e-3f / powf(y, 2.0f)"
    assert literals("v1 + 1.0", "float64") == "v1 + 1.0"


def test_names_and_assignments_are_found():
    assert uses("V = alpha * V + I;") == {"V", "alpha", "I"}
    assert assigns("V", "V += 1.0;")
    assert not assigns("V", "I = V; if (V == 1.0) { }")


@pytest.mark.parametrize("name", ["step", "offset", "values"])
def test_a_name_that_the_templates_use_is_refused(name):
    assert name in template_names()
    neuron = NeuronModel(
        name="clash",
        parameters={**LIF.parameters, name: Parameter(1.0)},
        state={"V": 0.0},
        dynamics={"V": f"(I - V) / tau_mem * {name}"},
        threshold="V - v_threshold",
        reset={"V": "v_reset"},
    )
    network = Network(
        (
            Population("input", 2),
            Population("hidden", 2, neuron, EXPONENTIAL),
            Population("output", 2, LI, EXPONENTIAL),
        ),
        (Connection("input", "hidden", Normal(0, 1)), Connection("hidden", "output", Normal(0, 1))),
        LOSSES["sum"],
    )
    with pytest.raises(SettingError, match=f"uses the name '{name}' itself"):
        compile_network(network, scheme="grid")


@pytest.mark.parametrize("name", ["t", "weight", "lambda"])
def test_a_name_of_the_snippet_language_is_refused(name):
    with pytest.raises(SettingError, match="cannot name a state or parameter"):
        NeuronModel("clash", {"tau_mem": Parameter(1.0)}, {name: 0.0}, {name: "-1 / tau_mem"})
