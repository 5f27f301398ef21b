"""The example of a data set trains from settings, and its parameters are settings."""

from __future__ import annotations

import json

import pytest

from genn_shd import Config, SettingError, load_config, load_dataset, train
from genn_shd.config.help import list_tables
from genn_shd.config.schema import choose_config_model

NAME = "examples.dataset:load"


@pytest.mark.slow
def test_it_trains_and_the_run_goes_on(tmp_path):
    settings = (f"dataset.name={NAME}", "dataset.delay=3", "dataset.num_train=40", "network.num_hidden=4")
    words = [word for setting in settings for word in ("--set", setting)]
    for epochs in ("1", "2"):
        assert train.main([*words, "--set", f"training.epochs={epochs}", "--out", str(tmp_path / "run")]) == 0
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["epochs"] == 2
    assert 'name = "examples.dataset:load"' in (tmp_path / "run" / "config.toml").read_text()


def test_its_parameters_are_settings():
    config = load_config(settings=[f"dataset.name={NAME}", "dataset.delay=3"])
    assert config.dataset.of_loader == {"num_train": 500, "delay": 3, "seed": 0}
    assert Config.from_values(config.to_values()) == config
    assert load_dataset(NAME, num_train=7).train.num_spikes == 14
    tables = {table.kind: table for table in list_tables(choose_config_model({"dataset": {"name": NAME}}))}
    units = {entry.name: entry.unit for entry in tables[f"name = '{NAME}'"].entries}
    assert units["delay"] == "ms" and "classes" in units


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([f"dataset.name={NAME}", "dataset.delay=0"], ["dataset.delay = 0 is not allowed", "a number > 0"]),
        ([f"dataset.name={NAME}", "dataset.dealy=1"], ["dataset.dealy is unknown", "'dataset.delay'"]),
        (["dataset.name=examples.dataset:lod"], ["has no 'lod'", "Did you mean 'load'"]),
        (["dataset.name=examples.dataset:clicks"], ["is not annotated `-> Dataset`"]),
        (["dataset.name=os:system"], ["is builtin_function_or_method, no function"]),
        (["dataset.name=nosuch:thing"], ["data set 'nosuch:thing'", "there is no such module"]),
    ],
)
def test_mistakes_are_told_in_one_line(settings, words):
    with pytest.raises(SettingError) as error:
        load_config(settings=settings)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)
