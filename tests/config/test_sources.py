from pathlib import Path

import pytest

from genn_shd import Config, SettingError, load_config
from genn_shd.config.paths import find_path_settings
from genn_shd.config.sources import choose_preset, combine, from_layers, list_presets, nest, parse_settings


def test_later_sources_win(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text("[training]\nepochs = 7\nbatch_size = 8\n")
    config = load_config("yin_yang", file, ["training.batch_size=16"])
    assert config.dataset.name == "yin_yang"
    assert (config.training.epochs, config.training.batch_size) == (7, 16)


def test_settings_within_a_table_are_merged(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text("[network]\ntau_mem = 30.0\n[network.weights.input_hidden]\nmean = 0.5\nstd = 0.1\n")
    config = load_config(None, file, ["network.tau_syn=7", "network.weights.input_hidden.std=0.2"])
    assert (config.network.tau_mem, config.network.tau_syn) == (30.0, 7.0)
    assert config.network.weights["input_hidden"].model_dump() == {"mean": 0.5, "std": 0.2}


def test_another_data_set_drops_the_settings_of_the_one_before(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text('[dataset]\nname = "yin_yang"\nnum_train = 10\n')
    config = load_config(None, file, ["dataset.split=all", "dataset.name=fsdd"])
    assert config.dataset.of_loader == {"split": "all"}
    assert config.dataset.name == "fsdd"
    assert load_config(None, file, ["dataset.num_test=5", "dataset.name=yin_yang"]).dataset.num_train == 10


def test_a_table_without_its_choice_is_the_default_one():
    assert load_config(settings=["dataset.num_train=12"]).dataset.num_train == 12


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("1e-3", 1e-3),
        ("true", True),
        ("fsdd", "fsdd"),
        ('"5"', "5"),
        ("[1, 2]", [1, 2]),
        ("[1, 2", "[1, 2"),
        ("{mean=1,std=2}", {"mean": 1, "std": 2}),
        ("a=b", "a=b"),
        ("", ""),
        ("1\nb = 2", "1\nb = 2"),
        ("../some/file.h5", "../some/file.h5"),
    ],
)
def test_a_value_is_toml_or_else_text(text, value):
    assert parse_settings([f"a.b={text}"]) == {"a": {"b": value}}


@pytest.mark.parametrize("text", ["training.epochs", "=5", "training.=5", "a..b=1", ""])
def test_what_is_no_setting_is_refused(text):
    with pytest.raises(SettingError, match="is not a setting; write name=value"):
        parse_settings([text])


def test_tables_laid_over_one_another_are_merged_unless_their_kind_changes():
    below = {"loss": {"name": "sum", "loss_scale": 10.0}, "training": {"epochs": 3, "seed": 1}}
    dotted = nest({"loss.loss_scale": 2.0, "loss.name": "max", "training.epochs": 5})
    assert dotted == {"loss": {"loss_scale": 2.0, "name": "max"}, "training": {"epochs": 5}}
    assert combine(below, dotted) == {"loss": dotted["loss"], "training": {"epochs": 5, "seed": 1}}
    assert combine(below, {"loss": {"name": "max"}})["loss"] == {"name": "max"}
    assert from_layers(below, dotted).loss.parameter_values == {"loss_scale": 2.0}


def test_unknown_preset_names_the_nearest():
    with pytest.raises(SettingError, match="preset 'yinyang' is unknown; .* Did you mean 'yin_yang'"):
        load_config("yinyang")


def test_missing_file_names_the_nearest(tmp_path):
    (tmp_path / "fsdd.toml").touch()
    with pytest.raises(SettingError, match=r"fsd\.toml: no such configuration file\. Did you mean 'fsdd\.toml'"):
        load_config(file=tmp_path / "fsd.toml")
    with pytest.raises(SettingError, match="no such configuration file"):
        load_config(file=tmp_path / "nowhere" / "fsd.toml")


def test_what_is_no_toml_is_refused_in_one_line(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text("[training]\nepochs 5\n")
    with pytest.raises(SettingError, match=r"my\.toml: not valid TOML: .*line 2"):
        load_config(file=file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingError, match="cannot read this configuration file: it is not UTF-8 text"):
        load_config(file=file)
    with pytest.raises(SettingError, match="cannot read this configuration file"):
        load_config(file=tmp_path)


@pytest.mark.parametrize("name", list_presets())
def test_presets_are_allowed_settings(name):
    assert load_config(name).training.epochs >= 1


def test_presets_there_are():
    assert {"yin_yang", "fsdd", "fsdd_loso", "shd"} <= set(list_presets())


def test_a_default_preset_is_not_for_other_data_sets_or_beside_a_file(tmp_path):
    assert choose_preset("yin_yang", None, ["training.epochs=1"]) == "yin_yang"
    assert choose_preset("yin_yang", None, ["dataset.name=yin_yang", "dataset.num_train=5"]) == "yin_yang"
    assert choose_preset("yin_yang", None, ["dataset.name=fsdd"]) is None
    assert choose_preset("yin_yang", tmp_path / "my.toml", []) is None


def test_paths_are_absolute_from_the_file_that_they_stand_in_or_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    file = tmp_path / "a" / "my.toml"
    file.write_text(
        '[dataset]\nname = "hdf5"\npath = "one.h5"\ntest_path = "../two.h5"\nvalidation_path = "/three.h5"\n'
    )
    monkeypatch.chdir(tmp_path)
    for given in (file, Path("a/my.toml")):
        dataset = load_config(file=given).dataset
        assert dataset.path == str(tmp_path / "a" / "one.h5")
        assert dataset.test_path == str(tmp_path / "two.h5")
        assert dataset.validation_path == "/three.h5"
    assert load_config(file=file, settings=["dataset.path=b/four.h5"]).dataset.path == str(tmp_path / "b" / "four.h5")
    assert parse_settings(["dataset.data_dir=."]) == {"dataset": {"data_dir": str(tmp_path)}}


def test_a_path_may_begin_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_settings(["dataset.path=~/a.h5"]) == {"dataset": {"path": str(tmp_path / "a.h5")}}
    with pytest.raises(SettingError, match="~nobody_of_that_name/a.h5: there is no such user"):
        parse_settings(["dataset.path=~nobody_of_that_name/a.h5"])


def test_what_is_no_path_stays(tmp_path):
    assert parse_settings(["dataset.path=", "dataset.data_dir=5", "dataset.split=all"]) == {
        "dataset": {"path": "", "data_dir": 5, "split": "all"}
    }


def test_the_settings_that_are_paths():
    names = ("path", "test_path", "validation_path", "data_dir")
    assert find_path_settings(Config) == {*(f"dataset.{name}" for name in names), "training.start_from"}


def test_a_file_may_begin_with_a_byte_order_mark_and_must_not_nest_without_end(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text("[training]\nepochs = 7\n", encoding="utf-8-sig")
    assert load_config(file=file).training.epochs == 7
    file.write_text(f"a = {'[' * 100_000}")
    with pytest.raises(SettingError, match=r"my\.toml: not valid TOML: tables or lists are nested too deeply"):
        load_config(file=file)
    assert parse_settings([f"a={'[' * 100_000}"])


def test_paths_of_a_data_set_of_ones_own_are_absolute_wherever_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    file, name = Path("a/my.toml"), "tests.custom_dataset:load"
    (tmp_path / file).write_text(f'[dataset]\nname = "{name}"\nclicks = "one.h5"\ntitle = "one.h5"\n')
    monkeypatch.chdir(tmp_path)
    dataset = load_config(file=file).dataset
    assert (dataset.clicks, dataset.title) == (str(tmp_path / "a" / "one.h5"), "one.h5")
    assert load_config(file=file, settings=["dataset.clicks=two.h5"]).dataset.clicks == str(tmp_path / "two.h5")
    assert load_config(settings=[f"dataset.name={name}", "dataset.clicks=~/two.h5"]).dataset.clicks == str(
        Path("~/two.h5").expanduser()
    )


def test_a_loss_of_ones_own_takes_the_place_of_another_with_its_parameters():
    below = nest({"loss.name": "examples.loss:squared_error", "loss.parameters.target": 0.8})
    config = from_layers(below, nest({"loss": "tests.custom_losses:soft_count"}))
    assert (config.loss.definition_at, config.loss.parameters) == ("tests.custom_losses:soft_count", {})
    assert from_layers(below, nest({"loss.loss_scale": 2.0})).loss.parameters == {"target": 0.8}
