"""Parameters: their values, grids and conditions, and what is refused."""

import numpy as np
import pytest

from genn_shd import SettingError
from genn_shd.sweep import space as spaces
from tests.sweep.cheap import sweep


def space(base=None, **parameters):
    built = spaces.build(sweep(space={name.replace("__", "."): value for name, value in parameters.items()}).space)
    spaces.check_names(built, base or {})
    return built


def test_every_kind_maps_the_unit_interval_onto_its_values_and_back():
    s = space(
        network__tau_mem={"float": [10, 30]},
        optimiser__learning_rate={"log_float": [1e-4, 1e-2]},
        training__batch_size={"integer": [8, 10]},
        network__num_hidden={"log_integer": [16, 1024]},
        loss__name={"choice": ["sum", "max"]},
    )
    assert s.make_point([0.5] * 5) == {
        "network.tau_mem": 20.0,
        "optimiser.learning_rate": pytest.approx(1e-3),
        "training.batch_size": 9,
        "network.num_hidden": 128,
        "loss.name": "max",
    }
    for parameter in s:
        first, *_, last = parameter.list_extremes()
        assert [parameter.from_unit(0.0), parameter.from_unit(1.0)] == [first, last]
        for unit in np.linspace(0, 1, 7):
            value = parameter.from_unit(unit)
            assert parameter.is_allowed(value)
            back = parameter.from_unit(parameter.to_unit(value))
            assert back == value or back == pytest.approx(value)
    assert not any(parameter.is_allowed(1e9) for parameter in s)


def test_draws_are_even():
    s = space(network__num_hidden={"log_integer": [1, 1000]}, loss__name={"choice": ["sum", "max", "sum_exp"]})
    rng = np.random.default_rng(0)
    points = [s.draw(rng) for _ in range(3000)]
    decades = np.histogram([p["network.num_hidden"] for p in points], [1, 10, 100, 1001])[0]
    assert np.all(abs(decades - 1000) < 120)
    counts = [sum(p["loss.name"] == name for p in points) for name in ("sum", "max", "sum_exp")]
    assert np.all(abs(np.array(counts) - 1000) < 120)


def test_a_grid_has_every_combination_once_and_conditions_thin_it():
    s = space(
        loss__name={"choice": ["sum", "first_spike_exp"]},
        loss__alpha={"choice": [1.0, 2.0, 3.0], "when": {"loss.name": "first_spike_exp"}},
        network__tau_mem={"float": [10, 20], "points": 2},
    )
    grid = s.make_grid()
    assert len(grid) == (1 + 3) * 2
    assert grid[0] == {"loss.name": "sum", "network.tau_mem": 10.0}
    assert grid[-1] == {"loss.name": "first_spike_exp", "loss.alpha": 3.0, "network.tau_mem": 20.0}
    assert sum("loss.alpha" in point for point in grid) == 6


def test_whole_ranges_need_no_points_for_a_grid_and_real_ones_do():
    grid = space(training__batch_size={"integer": [3, 6]}).make_grid()
    assert grid == [{"training.batch_size": k} for k in (3, 4, 5, 6)]
    assert len(space(network__num_hidden={"log_integer": [2, 4], "points": 9}).make_grid()) == 3
    with pytest.raises(SettingError, match="give points, for example points = 5"):
        space(network__tau_mem={"float": [1, 2]}).make_grid()


def test_a_parameter_may_set_several_settings_by_factors_or_groups_of_them():
    s = space(
        tau={"float": [10, 40], "sets": ["network.tau_mem", "network.output_tau_mem"]},
        scale={
            "float": [1, 2],
            "sets": {"network.weights.input_hidden.mean": 0.01, "network.weights.input_hidden.std": 0.03},
        },
        loss={"cases": {"plain": {"loss.name": "sum"}, "shaped": {"loss.name": "sum_exp", "loss.loss_scale": 10.0}}},
    )
    settings = s.make_settings({"tau": 20.0, "scale": 2.0, "loss": "shaped"})
    assert settings == {
        "network.tau_mem": 20.0,
        "network.output_tau_mem": 20.0,
        "network.weights.input_hidden.mean": 0.02,
        "network.weights.input_hidden.std": 0.06,
        "loss.name": "sum_exp",
        "loss.loss_scale": 10.0,
    }


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "space is empty"),
        ({"network__tau_mem": {}}, "has no values: give exactly one of float, log_float"),
        ({"network__tau_mem": {"float": [1, 2], "choice": [1]}}, "has float and choice: give exactly one"),
        ({"network__tau_mem": {"float": [2, 1]}}, "is empty: the first value must be below the second"),
        ({"network__tau_mem": {"float": [2, 2]}}, "is empty"),
        ({"network__tau_mem": {"float": [1, 2, 3]}}, "give the lowest and highest value"),
        ({"network__tau_mem": {"log_float": [0, 2]}}, "a logarithmic range needs values > 0"),
        ({"loss__name": {"choice": []}}, "has no values"),
        ({"loss__name": {"choice": ["sum", "sum"]}}, "has a value twice"),
        ({"loss__name": {"choice": ["sum"], "sets": {"loss.name": 2.0}}}, "are no numbers"),
        ({"network__tau_men": {"float": [1, 2]}}, "is no setting of a run. Did you mean 'network.tau_mem'"),
        ({"tau_mem": {"float": [1, 2]}}, "Did you mean 'network.tau_mem'"),
        ({"x": {"cases": {"a": {"loss.nam": "sum"}}}}, "sets loss.nam, which is no setting of a run. Did you mean"),
        ({"training__seed": {"integer": [0, 9]}}, "use repeats.seeds"),
        (
            {"network__tau_mem": {"float": [1, 2]}, "x": {"float": [1, 2], "sets": "network.tau_mem"}},
            "both set network.tau_mem",
        ),
        ({"loss__alpha": {"float": [1, 2], "when": {"loss.name": "sum"}}}, "is no earlier parameter"),
        (
            {"loss__name": {"choice": ["sum"]}, "loss__alpha": {"float": [1, 2], "when": {"loss.name": "max"}}},
            "never occurs",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(parameters, message):
    with pytest.raises(SettingError, match=message) as caught:
        space(**parameters)
    assert "\n" not in str(caught.value)


def test_points_that_somebody_wrote_are_checked():
    s = space(
        loss__name={"choice": ["sum", "first_spike_exp"]},
        loss__alpha={"float": [1, 2], "when": {"loss.name": "first_spike_exp"}},
    )
    assert s.check({"loss.name": "sum"}, "here") == {"loss.name": "sum"}
    for point, message in [
        ({"loss.nam": "sum"}, "here: loss.nam is no parameter of the space. Did you mean 'loss.name'"),
        ({"loss.name": "first_spike_exp"}, "here: loss.alpha is missing"),
        ({"loss.name": "max"}, "is outside the space"),
        ({"loss.name": "first_spike_exp", "loss.alpha": 3.0}, "loss.alpha = 3.0 is outside"),
    ]:
        with pytest.raises(SettingError, match=message):
            s.check(point, "here")


OF_NEURON = {"network__tau_w": {"float": [10, 90]}}
OF_DATASET = {"dataset__delay": {"float": [1, 5]}}
OF_STEP = {"augmentation__time_mask": {"float": [1, 5]}}


@pytest.mark.parametrize(
    ("setting", "path", "parameter"),
    [
        ("network.neuron", "examples.neuron:ADAPTIVE_CURRENT", OF_NEURON),
        ("network.synapse", "examples.synapse:ALPHA", {"network__tau_rise": {"float": [1, 5]}}),
        ("dataset.name", "examples.dataset:load", OF_DATASET),
        ("augmentation.custom", "examples.augmentation:TimeMask", OF_STEP),
        ("loss.name", "examples.loss:squared_error", {"loss__parameters__target": {"float": [0.5, 1]}}),
    ],
)
def test_settings_of_definitions_of_ones_own_can_be_searched(setting, path, parameter):
    table, _, name = setting.partition(".")
    assert len(space({table: {name: path}}, **parameter)) == 1
    assert len(space(**{f"{table}__{name}": {"choice": [path]}}, **parameter)) == 2
    assert len(space(kind={"cases": {"own": {setting: path}}}, **parameter)) == 2


@pytest.mark.parametrize("parameter", [OF_NEURON, OF_DATASET, OF_STEP])
def test_they_are_none_where_nothing_names_the_definition(parameter):
    with pytest.raises(SettingError, match="is no setting of a run"):
        space(**parameter)
    with pytest.raises(SettingError, match="neuron 'examples.neuron:CURENT': examples.neuron has no 'CURENT'"):
        space(network__neuron={"choice": ["examples.neuron:CURENT"]}, **parameter)
