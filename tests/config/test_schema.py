import inspect
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genn_shd import Config, Delay, Gamma, SettingError, Trained, Uniform, datasets
from genn_shd.config.help import format_settings
from genn_shd.config.messages import find_choice, find_section, list_names
from genn_shd.config.schema import DataSettings
from genn_shd.models import LOSSES
from genn_shd.training.build import build_network

SETTINGS = list(list_names(Config))


def message(values):
    with pytest.raises(SettingError) as caught:
        Config.from_values(values)
    return str(caught.value)


def test_toml_gives_back_the_configuration():
    config = Config().replace(
        **{
            "network.num_hidden": [20, 30],
            "network.recurrent": [True, False],
            "network.weights": {"input_hidden0": {"mean": 0.1, "std": 1e-3}},
            "optimiser.learning_rate": 0.1 + 0.2,
            "dataset": {"name": "hdf5", "path": 'a\\b "c".h5'},
            "validation": {"kind": "speaker", "speakers": [3, "theo"]},
        }
    )
    assert Config.from_values(tomllib.loads(config.to_toml())) == config


def test_toml_is_complete():
    written = tomllib.loads(Config().to_toml())
    for table, field in Config.model_fields.items():
        model = find_section(field) or type(getattr(Config(), table))
        optional = {name for name, f in model.model_fields.items() if f.default is None}
        assert set(model.model_fields) - optional <= set(written[table])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"network": {"num_hiden": 3}},
            "network.num_hiden is unknown. Did you mean 'network.num_hidden'?",
        ),
        ({"learning_rate": 1.0}, "learning_rate is unknown. Did you mean 'optimiser.learning_rate'?"),
        (
            {"optimiser": {"min_epochs": 3}},
            "optimiser.min_epochs is unknown. Did you mean 'optimiser.schedule.min_epochs'?",
        ),
        (
            {"training": {"lr": 1}},
            "training.lr is unknown. Allowed in [training]: epochs, batch_size, seed, seeds, monitor, patience, "
            "start_from, start_parameters, frozen, callbacks.",
        ),
        ({"network": {"tau_mem": -20.0}}, "network.tau_mem = -20.0 is not allowed: it must be a number > 0"),
        ({"training": {"batch_size": 0}}, "training.batch_size = 0 is not allowed: it must be a whole number >= 1."),
        (
            {"training": {"batch_size": 32.0}},
            "training.batch_size = 32.0 is not allowed: it must be a whole number >= 1.",
        ),
        (
            {"training": {"seed": True}},
            "training.seed = true is not allowed: it must be a whole number >= 0 and <= 9.22337e+18.",
        ),
        ({"optimiser": {"learning_rate": float("nan")}}, "optimiser.learning_rate = nan is not allowed"),
        ({"optimiser": {"beta1": 1.0}}, "optimiser.beta1 = 1.0 is not allowed: it must be a number >= 0 and < 1."),
        (
            {"simulation": {"precision": "float23"}},
            "simulation.precision = 'float23' is not allowed: it must be one of 'float32', 'float64'. "
            "Did you mean 'float32'?",
        ),
        ({"network": 3}, "network = 3 is not allowed: it must be a table."),
        ({"network": {"num_hidden": [4, 0]}}, "network.num_hidden = [4, 0] is not allowed"),
        ({"network": {"num_hidden": [4, 4], "recurrent": [True]}}, "network.recurrent = [true] is not allowed"),
        (
            {"network": {"tau_mem": {"mean": 20.0}}},
            "network.tau_mem = {'mean': 20.0} is not allowed: it must be a number > 0 or a table of mean, shape, "
            "minimum, maximum.",
        ),
        ({"network": {"weights": {"input_hidden": {"mean": 1.0}}}}, "network.weights.input_hidden.std is not set"),
        ({"network": {"weights": {"input_hidden": 1.0}}}, "network.weights.input_hidden = 1.0 is not allowed"),
        (
            {"dataset": {"name": "shdd"}},
            "dataset.name = 'shdd' is not allowed: it must be one of 'digits', 'fsdd', 'hdf5', 'shd', 'spoken_digits', "
            "'ssc', 'yin_yang'. Did you mean 'shd'?",
        ),
        (
            {"dataset": {"name": "yin_yang", "split": "all"}},
            "dataset.split is no setting of dataset.name = 'yin_yang'; it belongs to dataset.name = 'digits', "
            "dataset.name = 'fsdd'.",
        ),
        ({"dataset": {"name": "hdf5"}}, "dataset.path is not set; dataset.name = 'hdf5' needs it: give text."),
        ({"dataset": {"path": "x"}}, "dataset.name is not set: give one of 'digits', 'fsdd'"),
        ({"dataset": "fsdd"}, "dataset = 'fsdd' is not allowed: set dataset.name to one of 'digits', 'fsdd'"),
        ({"dataset": {"name": 3}}, "dataset.name = 3 is not allowed"),
        ({"loss": {"name": "sum_expo"}}, "loss.name = 'sum_expo' is not allowed"),
        (
            {"augmentation": {"custom": ""}},
            "augmentation.custom = '' is not allowed: it must be an import path 'module:name', or a list of these.",
        ),
        ({"loss": {"name": "sum", "tau_0": 1.0}}, "loss.tau_0 is no setting of loss.name = 'sum'"),
        ({"validation": {"kind": "random", "fraction": 1.0}}, "validation.fraction = 1.0 is not allowed"),
        ({"augmentation": {"dilate": [1.2]}}, "augmentation.dilate = [1.2] is not allowed"),
        ({"augmentation": {"dilate": [1.2, 0.8]}}, "augmentation.dilate = [1.2, 0.8] is not allowed"),
        ({"augmentation": {"blend": 0.5}}, "augmentation.blend = [0.5] is not allowed"),
        ({"augmentation": {"normalise": 0}}, "augmentation.normalise = 0 is not allowed: it must be"),
        ({"training": {"seeds": []}}, "training.seeds = [] is not allowed; give one or more, each only once."),
        ({"training": {"seeds": [1, 1]}}, "training.seeds = [1, 1] is not allowed"),
        ({"training": {"seeds": 0}}, "training.seeds = 0 is not allowed: it must be"),
        ({"regularisation": {"lower": 20.0}}, "regularisation.lower = 20 is not allowed"),
    ],
)
def test_message(values, expected):
    text = message(values)
    assert text.startswith(expected)
    assert "\n" not in text


def test_names_that_are_no_words_are_quoted():
    assert message({"network": {"weights": {"a\nb": False}}}) == (
        'network.weights."a\\nb" = false is not allowed: it must be a table.'
    )
    assert "\n" not in message({"network": {"weights": {"a\nb": {"mean": 1.0, "std": 1.0, "x\n": 0}}}})
    assert message({"a.b": 1}).startswith('"a.b" is unknown.')


def test_wrong_names_come_first_and_the_rest_is_counted():
    text = message({"validation": {"kind": "random", "fraction": 2.0, "fracton": 0.1}})
    assert text == "validation.fracton is unknown. Did you mean 'validation.fraction'? (further errors: 1)"


TOML = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(setting=st.sampled_from([name for name, _ in SETTINGS]), value=TOML)
def test_any_value_is_taken_or_refused_in_one_line_that_names_it(setting, value):
    *tables, last = setting.split(".")
    values = {last: value}
    for table in reversed(tables):
        values = {table: values}
    try:
        Config.from_values(values)
    except SettingError as error:
        assert "\n" not in str(error)
        assert tables[0] in str(error)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(list(Config.model_fields)), TOML, max_size=3))
def test_any_table_is_taken_or_refused_in_one_line(values):
    try:
        Config.from_values(values)
    except SettingError as error:
        assert "\n" not in str(error)


def test_one_flag_stands_for_all_layers():
    network = Config.from_values({"network": {"num_hidden": [5, 6], "recurrent": False}}).network
    assert network.recurrent == (False, False)
    assert Config.from_values({"network": {"num_hidden": [5, 6]}}).network.recurrent == (True, True)
    assert Config.from_values({"network": {"num_hidden": 7}}).network.num_hidden == (7,)
    assert Config.from_values({"network": {"num_hidden": [], "recurrent": [True]}}).network.recurrent == ()


def test_replace_validates():
    assert Config().replace(**{"optimiser.schedule.factor": 0.1}).optimiser.schedule.factor == 0.1
    with pytest.raises(SettingError, match=r"training\.epoch is unknown"):
        Config().replace(**{"training.epoch": 5})


def test_one_value_regularises_both_sides():
    regularisation = (
        Config().replace(**{"regularisation.upper": 9.0, "regularisation.strength_upper": 2.0}).regularisation
    )
    rule = regularisation.of_network
    assert (rule["upper"], rule["lower"], rule["strength_upper"], rule["strength_lower"]) == (9.0, 9.0, 2.0, 2.0)
    separate = Config().replace(regularisation={"upper": 9.0, "lower": 3.0, "strength_lower": 1.0}).regularisation
    assert (separate.of_network["lower"], separate.of_network["strength_lower"]) == (3.0, 1.0)
    assert separate.of_network["strength_upper"] == 0.0


def test_flat_names_are_dotted():
    flat = Config().flatten()
    assert flat["optimiser.schedule.min_epochs"] == 50
    assert flat["dataset.name"] == "yin_yang"


def test_data_sets_and_their_settings_are_those_that_can_be_loaded():
    models = find_choice(Config.model_fields["dataset"]).options
    assert set(models) == set(datasets.LOADERS)
    for name, model in models.items():
        assert set(model.model_fields) - {"name", *DataSettings.model_fields} == set(datasets.list_settings(name))
        for parameter in inspect.signature(datasets.LOADERS[name]).parameters.values():
            default = model.model_fields[parameter.name].default
            assert parameter.default in (default, parameter.empty), (name, parameter.name)


def test_losses_and_their_parameters_are_those_of_the_definitions():
    models = find_choice(Config.model_fields["loss"]).options
    assert set(LOSSES) < set(models)
    for name, loss in LOSSES.items():
        assert set(models[name].model_fields) - {"name"} == set(loss.parameters)
        assert Config.from_values({"loss": {"name": name}}).loss.parameter_values == {
            key: parameter.default for key, parameter in loss.parameters.items()
        }


def test_help_lists_every_setting_with_its_default_and_unit():
    text = format_settings(100)
    for dotted, _ in SETTINGS:
        assert f"{dotted.rpartition('.')[2]}" in text
    assert "tau_mem           membrane time constant, of hidden neurons, in ms" in text
    assert "default 20.0)" in text
    assert "name = 'yin_yang' (default)" in text
    assert all(len(line) <= 130 for line in text.splitlines())


def test_every_setting_says_what_it_means():
    def check(model):
        assert model.__doc__
        for field in model.model_fields.values():
            if options := find_choice(field):
                for option in options.options.values():
                    check(option)
            elif table := find_section(field):
                check(table)
            else:
                assert field.description
                assert field.is_required() or field.default is not ...

    for field in Config.model_fields.values():
        for model in find_choice(field).options.values() if find_choice(field) else [find_section(field)]:
            check(model)


def test_adaptive_neurons_and_heterogeneous_populations_reach_the_network():
    values = {"neuron": "alif", "increment": 0.2, "heterogeneous": True, "tau_mem": 30.0, "output_heterogeneous": True}
    hidden, output = build_network(Config.from_values({"network": values}), 5, 2).populations[1:]
    assert hidden.neuron.name == "ALIF"
    assert (hidden.find_initial("increment"), hidden.find_initial("tau_adapt")) == (0.2, 100.0)
    assert hidden.find_initial("tau_mem") == Gamma(30.0, 3.0, 3.0, 90.0)
    assert hidden.find_initial("tau_syn") == output.find_initial("tau_syn") == Gamma(5.0, 3.0, 1.0, 15.0)
    assert output.find_initial("tau_mem") == Gamma(20.0, 3.0, 3.0, 60.0)
    assert build_network(Config(), 5, 2).populations[1].find_initial("tau_mem") == 20.0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"increment": 0.2}, "network.increment is set, but network.neuron = 'lif' .* choose network.neuron = 'alif'"),
        ({"heterogeneous": True, "tau_mem": 2.0}, "network.tau_mem = 2.0: it must be a number of at least 3"),
        (
            {"output_heterogeneous": True, "output_tau_syn": {"mean": 5.0, "minimum": 1.0, "maximum": 9.0}},
            "network.output_tau_syn = a distribution",
        ),
    ],
)
def test_settings_that_do_not_go_with_the_neurons_are_refused(values, words):
    with pytest.raises(SettingError, match=words):
        Config.from_values({"network": values})


def test_trained_parameters_and_a_delay_line_reach_the_network():
    config = Config.model_validate(
        {
            "network": {
                "trained": {"tau_mem": {"minimum": 3.0}},
                "output_trained": {"tau_syn": {"minimum": 1.0, "rate": 5.0}},
                "trained_rate": 2.0,
                "input_delays": 2,
            }
        }
    )
    network = build_network(config, num_input=7, num_classes=3)
    assert network.parameter_shapes["input_hidden"] == (21, 256)
    assert network.parameter_shapes["hidden.tau_mem"] == (256,)
    assert network.parameter_shapes["output.tau_syn"] == (3,)
    assert network.input.delays == (0.0, 30.0, 60.0)
    assert not network.delayed_connections
    assert network.find_population("hidden").trained["tau_mem"] == Trained(3.0, rate=2.0)
    assert network.output.trained["tau_syn"] == Trained(1.0, rate=5.0)


def test_delays_of_connections_reach_the_network():
    delays = {
        "input_hidden": {"maximum": 60.0},
        "hidden_hidden": {"minimum": 2.0, "learning_rate": 0.5, "per": "source"},
        "hidden_output": {"trained": False, "initial": {"low": 1.0, "high": 3.0}},
    }
    values = {"network": {"delays": delays}, "optimiser": {"learning_rate": 0.01}}
    network = build_network(Config.from_values(values), num_input=7, num_classes=3)
    assert [c.delay for c in network.connections] == [
        Delay(Uniform(0.0, 60.0), 60.0, Trained(0.0, rate=10.0)),
        Delay(0.0, 150.0, Trained(2.0, rate=50.0), "source"),
        Delay(Uniform(1.0, 3.0), 150.0),
    ]
    assert network.parameter_shapes["input_hidden.delay"] == (7, 256)


@pytest.mark.parametrize(
    ("delay", "words"),
    [
        ({"maximum": 5.0, "initial": 6.0}, "initial = 6 ms is not below maximum = 5 ms"),
        ({"maximum": 5.0, "minimum": 5.0}, "minimum = 5 ms is not below maximum"),
        ({"initial": {"low": 2.0, "high": 1.0}}, "network.delays.input_hidden.initial = .*high.* is not allowed"),
        ({"per": "target"}, "network.delays.input_hidden.per"),
    ],
)
def test_delays_that_cannot_be_are_refused(delay, words):
    with pytest.raises(SettingError, match=words):
        Config.from_values({"network": {"delays": {"input_hidden": delay}}})
