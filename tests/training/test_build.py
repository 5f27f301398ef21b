"""Settings reach the model that is compiled from them."""

import pytest

from genn_shd import STDP, Config, EProp, SettingError, Surrogate, compile_network
from genn_shd.training.build import build_network, compile_model
from tests.custom_plasticity import BOX

CONFIG = Config().replace(
    **{
        "network.num_hidden": 4,
        "network.neuron": "qif",
        "simulation.duration": 20.0,
        "training.batch_size": 4,
    }
)


def test_the_integration_of_nonlinear_neurons_is_a_setting() -> None:
    config = CONFIG.replace(**{"simulation.integration_order": 2, "simulation.substeps": 3})
    network = build_network(config, 6, 3)
    with compile_model(config, network) as model, compile_model(CONFIG, network) as default:
        source = model.source
        assert source != default.source
    with compile_network(network, batch_size=4, duration=20.0, integration_order=2, substeps=3) as same:
        assert source == same.source


def test_the_learning_rule_is_a_setting_with_constants_of_its_own() -> None:
    config = Config().replace(
        **{
            "network.num_hidden": 4,
            "simulation.duration": 20.0,
            "training.batch_size": 4,
            "rule": {"name": "eprop", "surrogate": "arctan", "slope": 3.0},
        }
    )
    network = build_network(config, 6, 3)
    rule = EProp(Surrogate("arctan", "1 / (1 + (1.5707963267948966 * y)**2)", slope=3.0))
    with (
        compile_model(config, network) as model,
        compile_network(network, batch_size=4, duration=20.0, rule=rule) as same,
    ):
        assert model.source == same.source
    own = config.replace(**{"rule.surrogate": "tests.custom_surrogate:GAUSS", "rule.slope": "auto"})
    assert "exponential(" in str(compile_model(own, network).source)
    with pytest.raises(SettingError, match="has no 'GAUS'; surrogates in it: GAUSS. Did you mean 'GAUSS'"):
        compile_model(config.replace(**{"rule.surrogate": "tests.custom_surrogate:GAUS"}), network)
    with pytest.raises(SettingError, match="does not have the learning rule 'eprop'; use 'native'"):
        compile_network(network, backend="genn_cpu", rule="eprop")


@pytest.mark.parametrize("setting", ["simulation.integration_order", "simulation.substeps"])
@pytest.mark.parametrize("value", [0, 1.5, 1001])
def test_an_integration_that_there_is_not_is_refused(setting: str, value: float) -> None:
    with pytest.raises(SettingError, match=setting):
        CONFIG.replace(**{setting: value})


def test_plasticity_is_a_setting_also_without_hidden_neurons() -> None:
    config = Config().replace(
        **{
            "network.num_hidden": [],
            "simulation.duration": 20.0,
            "training.batch_size": 4,
            "loss": "spike_count",
            "rule": {"name": "stdp", "plasticity": "tests.custom_plasticity:BOX", "max_weight": 0.7, "teacher": 0.2},
        }
    )
    network = build_network(config, 6, 3)
    assert [c.name for c in network.connections] == ["input_output"]
    with (
        compile_model(config, network) as model,
        compile_network(network, batch_size=4, duration=20.0, rule=STDP(BOX, max_weight=0.7, teacher=0.2)) as same,
    ):
        assert model.source == same.source
    with pytest.raises(SettingError, match=r"rule.min_weight = 1 is not below rule.max_weight = 0.7"):
        config.replace(**{"rule.min_weight": 1.0})
