"""Settings of losses: by name alone, and weights that are written as expressions."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import Config, SettingError, SpikeTrains, compile_network, load_config
from genn_shd.config.sources import parse_settings
from genn_shd.training.build import build_network

BELL = ("loss=sum_weighted", "loss.weight=exp(-((t/T - centre)/width)**2)")
VALUES = ("loss.parameters.centre=0.4", "loss.parameters.width=0.2")


def _message(*settings: str) -> str:
    with pytest.raises(SettingError) as error:
        load_config(settings=settings)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_name_alone_is_a_loss():
    assert load_config(settings=["loss=max"]).loss.name == "max"
    assert load_config(settings=["loss=sum_sigmoid", "loss.centre=0.3"]).loss.parameter_values["centre"] == 0.3
    assert Config.from_values({"loss": "sum"}).loss.name == "sum"
    assert load_config(preset="yin_yang", settings=["loss=xentropy"]).loss.name == "xentropy"


def test_a_weight_of_ones_own_reaches_the_network_with_its_parameters():
    config = load_config(settings=[*BELL, *VALUES])
    network = build_network(config, 5, 2)
    assert network.loss.weight == "exp(-((t/T - centre)/width)**2)"
    assert network.loss_values == {"loss_scale": 1.0, "centre": 0.4, "width": 0.2}
    assert Config.from_values(parse_settings([])) == Config()
    assert load_config(settings=[*BELL, *VALUES, "loss.parameters.centre=1"]).loss.parameter_values["centre"] == 1
    assert Config.from_values(config.to_values()) == config
    assert config.replace(**{"loss.parameters.width": 0.5}).loss.parameter_values["width"] == 0.5


def test_its_parameters_are_run_time_values():
    rng = np.random.default_rng(0)
    batch = SpikeTrains.from_events([(np.sort(rng.uniform(0, 50, 60)), rng.integers(0, 5, 60))], num_units=5)

    def logits(at_first, later):
        settings = [*BELL, *VALUES, f"loss.parameters.centre={at_first}", "network.weights.input_hidden={mean=2,std=1}"]
        with compile_network(build_network(load_config(settings=settings), 5, 2), duration=50.0, batch_size=4) as model:
            model.set_value("loss.centre", later)
            return model.evaluate_batch(batch).logits

    moved = logits(0.4, 0.9)
    assert np.abs(moved).max() > 0
    np.testing.assert_array_equal(moved, logits(0.9, 0.9))
    assert not np.allclose(moved, logits(0.4, 0.4))


def test_a_weight_can_name_the_activity_of_the_input():
    loss = load_config(settings=["loss=sum_weighted", "loss.weight=activity * exp(-t / T)"]).loss
    assert loss.definition.weighs_input
    assert loss.definition.parameters["tau_input"].default == 20.0
    changed = load_config(settings=["loss=sum_weighted", "loss.weight=activity", "loss.parameters.tau_input=5"]).loss
    assert changed.definition.parameters["tau_input"].default == 5.0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["loss=sum_weigted"], ["must be one of", "Did you mean 'sum_weighted'"]),
        (["loss=sum_weighted"], ["loss.weight is not set", "give text"]),
        ([*BELL, "loss.parameters.center=0.4"], ["unknown name 'centre'", "Did you mean 'center'"]),
        ([*BELL, "loss.parameters.centre=late"], ["loss.parameters.centre = 'late'", "must be a number"]),
        (["loss=sum_weighted", "loss.weight=__import__('os').getcwd()"], ["syntax that is not allowed"]),
        (["loss=sum_weighted", "loss.weight=exp(-t"], ["cannot be read"]),
        (["loss=sum_weighted", "loss.weight=9**9**9"], ["too large an exponent"]),
        (["loss=sum_weighted", "loss.weight=t/0"], ["never has a finite real value"]),
        (["loss=sum_weighted", "loss.weight=log(-1)"], ["never has a finite real value"]),
        (["loss=sum_weighted", f"loss.weight={'-' * 1990}t"], ["nested too deeply"]),
        (["loss=sum_weighted", f"loss.weight={'t+' * 2000}t"], ["4001 characters"]),
        (["loss=sum_weighted", "loss.weight=t", "loss.parameters.T=1"], ["'T' cannot name"]),
        (["loss=sum_weighted", "loss.weight=t", "loss.parameters.exp=1"], ["'exp' cannot name"]),
        (["loss=max", "loss.weight=t"], ["loss.weight is no setting of loss.name = 'max'", "'sum_weighted'"]),
    ],
)
def test_mistakes_are_told_in_one_line(settings, words):
    message = _message(*settings)
    for word in words:
        assert word in message
