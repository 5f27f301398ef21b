"""Networks ready to compile: which connection takes which initial weights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from genn_shd import Normal, Population, SettingError, compile_network
from genn_shd.models import recurrent_classifier
from genn_shd.models.networks import FORWARD_WEIGHT

ROLES = {"input_hidden": Normal(0.1, 0.0), "hidden_hidden": Normal(0.2, 0.0), "hidden_output": Normal(0.3, 0.0)}


def _weights(num_hidden, weights, recurrent=True):
    network = recurrent_classifier(5, num_hidden, 3, recurrent, weights=weights)
    return {connection.name: connection.weight for connection in network.connections}


def test_several_layers_take_the_weights_of_one():
    assert _weights(4, ROLES) == ROLES
    assert _weights([4, 6], ROLES, [True, True]) == {
        "input_hidden0": ROLES["input_hidden"],
        "hidden0_hidden0": ROLES["hidden_hidden"],
        "hidden0_hidden1": FORWARD_WEIGHT,
        "hidden1_hidden1": ROLES["hidden_hidden"],
        "hidden1_output": ROLES["hidden_output"],
    }


def test_a_connection_s_own_name_wins():
    own = Normal(0.7, 0.0)
    weights = _weights([4, 6], {"hidden1_hidden1": own, **ROLES})
    assert weights["hidden1_hidden1"] == own and weights["hidden0_hidden0"] == ROLES["hidden_hidden"]


@pytest.mark.parametrize("name", ["my pop", "2nd", "loss", "optimiser", ""])
def test_names_that_nothing_can_be_called_by_are_refused(name):
    with pytest.raises(SettingError, match="population name .* is not allowed; it must be a word"):
        Population(name, 3)


@pytest.mark.parametrize("name", ["E", "I", "exc", "hidden_1", "memory"])
def test_other_names_are_not(name):
    with compile_network(_renamed(name), duration=10.0) as model:
        assert f"input_{name}" in model.parameters or f"{name}.tau_mem" in model.values


def _renamed(name):
    network = recurrent_classifier(5, 4, 3, recurrent=False)
    populations = [replace(p, name=name) if p.name == "hidden" else p for p in network.populations]
    connections = [
        replace(c, **{end: name for end in ("source", "target") if getattr(c, end) == "hidden"})
        for c in network.connections
    ]
    return replace(network, populations=tuple(populations), connections=tuple(connections))


def test_a_connection_that_is_none_is_named():
    with pytest.raises(SettingError, match="connection 'hidden1_hidden0' is unknown.*Did you mean"):
        _weights([4, 6], {"hidden1_hidden0": Normal(0.0, 1.0)})
