"""The examples of a neuron, a synapse and a loss: named in settings they train, and gradients are exact."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import Config, Gamma, SettingError, SpikeTrains, check_gradients, compile_network, load_config, train
from genn_shd.config.help import list_tables
from genn_shd.config.schema import choose_config_model
from genn_shd.training.build import build_network

NEURON, SYNAPSE = "network.neuron=examples.neuron:ADAPTIVE_CURRENT", "network.synapse=examples.synapse:ALPHA"
LOSS = "loss=examples.loss:squared_error"
WEIGHTS = "network.weights.input_hidden={mean=0.6, std=0.4}"
STRONG = "network.weights.input_hidden.mean=4.0"


def samples() -> SpikeTrains:
    rng = np.random.default_rng(1)
    events = [(np.sort(rng.uniform(0, 40, 20)), rng.integers(0, 5, 20)) for _ in range(4)]
    return SpikeTrains.from_events(events, [0, 1, 2, 0], num_units=5)


def test_the_gradient_of_the_neuron_is_exact():
    network = build_network(load_config(settings=[NEURON, WEIGHTS, "network.num_hidden=3"]), 5, 3)
    with compile_network(network, batch_size=4, duration=60.0, precision="float64", seed=3) as model:
        assert all(check.error < 1e-6 for check in check_gradients(model, samples()))
        assert model.train_batch(samples()).spike_counts["hidden"].sum() > 0


@pytest.mark.parametrize("settings", [[WEIGHTS, SYNAPSE, NEURON, STRONG], [WEIGHTS, LOSS]])
def test_examples_learn(settings):
    config = load_config(settings=[*settings, "network.num_hidden=12"])
    network = build_network(config, 5, 3)
    with compile_network(network, scheme="grid", batch_size=4, duration=60.0, learning_rate=0.02, seed=3) as model:
        losses = [model.train_batch(samples()).loss for _ in range(40)]
    assert losses[-1] < 0.95 * losses[0]


def test_parameters_are_settings_like_any_other():
    config = load_config(
        settings=[NEURON, SYNAPSE, "network.tau_w={mean=50, minimum=10, maximum=90}", "network.jump=0.2"]
    )
    hidden = build_network(config, 5, 3).find_population("hidden")
    assert hidden.find_initial("tau_w") == Gamma(50.0, 3.0, 10.0, 90.0)
    assert (hidden.find_initial("jump"), hidden.find_initial("tau_mem"), hidden.find_initial("tau_rise")) == (
        0.2,
        20.0,
        2.0,
    )
    assert "v_reset" not in hidden.parameters
    assert Config.from_values(config.to_values()) == config
    assert config.replace(**{"network.jump": 0.4}).network.jump == 0.4
    trained = load_config(settings=[NEURON, "network.trained.tau_w.minimum=10"])
    assert build_network(trained, 5, 3).parameter_shapes["hidden.tau_w"] == (256,)


def test_help_lists_them():
    model = choose_config_model({"network": {"neuron": NEURON.partition("=")[2]}})
    (table,) = [table for table in list_tables(model) if table.name == "network"]
    (entry,) = [entry for entry in table.entries if entry.name == "tau_w"]
    assert (entry.unit, entry.allowed.split(" or ")[0]) == ("ms", "a number > 0")
    assert "adaptation current" in entry.description


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([NEURON, "network.tau_w=0"], ["network.tau_w = 0 is not allowed", "a number > 0"]),
        ([NEURON, "network.tau_v=1"], ["network.tau_v is unknown", "Did you mean 'network.tau_w'"]),
        ([NEURON, "network.v_reset=1.0"], ["network.v_reset is set, but", "choose", "'lif'"]),
        (["network.tau_w=1.0"], ["network.tau_w is unknown"]),
        (["network.neuron=examples.neuron:ADAPTIVE"], ["has no 'ADAPTIVE'", "neurons in it: ADAPTIVE_CURRENT"]),
        (["network.neuron=examples.synapse:ALPHA"], ["is SynapseModel, no NeuronModel"]),
        (["network.synapse=nosuch:thing"], ["synapse 'nosuch:thing'", "there is no such module"]),
        ([NEURON, "network.trained.tau_v.minimum=1"], ["parameter 'tau_v' is unknown", "Did you mean 'tau_w'"]),
    ],
)
def test_mistakes_are_told_in_one_line(settings, words):
    with pytest.raises(SettingError) as error:
        load_config(settings=settings)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_the_commands_help_lists_settings_of_what_it_names(capsys):
    with pytest.raises(SystemExit):
        train.main(["--set", NEURON, "--help"])
    assert "time constant of the adaptation current" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit):
        train.main(["--help"])
    assert "tau_w" not in capsys.readouterr().out
