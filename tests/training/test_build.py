"""Settings reach the model that is compiled from them."""

import pytest

from genn_shd import Config, SettingError, compile_network
from genn_shd.training.build import build_network, compile_model

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


@pytest.mark.parametrize("setting", ["simulation.integration_order", "simulation.substeps"])
@pytest.mark.parametrize("value", [0, 1.5, 1001])
def test_an_integration_that_there_is_not_is_refused(setting: str, value: float) -> None:
    with pytest.raises(SettingError, match=setting):
        CONFIG.replace(**{setting: value})
