"""Settings under the names of earlier versions."""

from __future__ import annotations

import logging

import pytest

from genn_shd import Config, SettingError, load_config
from genn_shd.config import aliases
from genn_shd.config.messages import list_names
from genn_shd.config.sources import nest
from genn_shd.runs.folder import RunFolder
from genn_shd.sweep.old_names import update_point
from genn_shd.sweep.sweep_file import SweepFile

OLD = {
    "augmentation": {"muffle": 0.2, "drop": 0.1},
    "revival": {"lift": 0.1, "lift_all": 0.2, "redraw": True},
    "optimiser": {"ease_in_start": 0.5, "ease_in_factor": 1.5},
    "network": {"trained": {"tau_mem": 3.0}, "output_trained": {"tau_syn": 1}, "delays": 2},
}
NEW = {
    "augmentation": {"frequency_mask": 0.2, "spike_dropout": 0.1},
    "silent_neurons": {"weight_lift": 0.1, "weight_lift_all": 0.2, "weight_redraw": True},
    "optimiser": {"warm_up_start": 0.5, "warm_up_factor": 1.5},
    "network": {
        "trained": {"tau_mem": {"minimum": 3.0}},
        "output_trained": {"tau_syn": {"minimum": 1}},
        "input_delays": 2,
    },
}


@pytest.fixture(autouse=True)
def _nothing_said_yet():
    aliases._warn.cache_clear()


def test_old_names_mean_the_same_and_the_log_names_the_new_ones(caplog):
    with caplog.at_level(logging.WARNING, "genn_shd"):
        assert Config.from_values(OLD) == Config.from_values(NEW) == Config.from_values(OLD)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == len(aliases.RENAMED) + len(aliases.NUMBERS) + 2  # once each
    assert all("\n" not in line for line in lines)
    assert "revival.lift is now silent_neurons.weight_lift" in "\n".join(lines)
    assert "network.trained.tau_mem = 3.0 is now network.trained.tau_mem = {minimum = 3.0}" in "\n".join(lines)


def test_every_new_name_is_a_setting_and_no_old_one():
    names = {name for name, _ in list_names(Config)}
    assert set(aliases.RENAMED.values()) <= names and not set(aliases.RENAMED) & names
    assert set(aliases.NUMBERS.values()) <= names


def test_a_table_of_delays_is_no_number_of_copies():
    values = {"network": {"input_delays": 1, "delays": {"input_hidden": {"maximum": 60.0}}}}
    config = Config.from_values(values)
    assert config.network.input_delays == 1 and config.network.delays["input_hidden"].maximum == 60.0
    assert load_config(settings=["network.delays=3"]).network.input_delays == 3
    assert (
        load_config(settings=["network.delays.input_hidden.per=source"]).network.delays["input_hidden"].per == "source"
    )


def test_a_later_source_wins_whichever_name_it_uses(tmp_path):
    file = tmp_path / "old.toml"
    file.write_text("[revival]\nlift = 0.3\n")
    assert load_config("fsdd", file).silent_neurons.weight_lift == 0.3
    assert load_config("fsdd", file, ["silent_neurons.weight_lift=0.4"]).silent_neurons.weight_lift == 0.4
    assert load_config("fsdd", settings=["augmentation.muffle=0.5"]).augmentation.frequency_mask == 0.5
    assert load_config(settings=["network.trained.tau_mem=2"]).network.trained["tau_mem"].minimum == 2
    assert nest({"optimiser.ease_in_start": 0.1}) == {"optimiser": {"warm_up_start": 0.1}}


def test_both_names_at_once_are_refused():
    with pytest.raises(SettingError, match=r"revival\.lift is the old name of silent_neurons\.weight_lift, .* remove"):
        Config.from_values({"revival": {"lift": 0.1}, "silent_neurons": {"weight_lift": 0.1}})


def test_a_run_folder_of_old_names_is_gone_on_with(tmp_path):
    config = Config.from_values(NEW)
    text = config.to_toml()
    for old, new in (("[revival]", "[silent_neurons]"), ("lift = ", "weight_lift = "), ("lift_all", "weight_lift_all")):
        text = text.replace(new, old)
    text = text.replace("weight_redraw", "redraw").replace("warm_up", "ease_in").replace("frequency_mask", "muffle")
    text = text.replace("[network.trained.tau_mem]\nminimum = 3.0", "[network.trained]\ntau_mem = 3.0")
    assert "weight_lift" not in text and "minimum = 3.0" not in text
    (tmp_path / "config.toml").write_text(text)
    (tmp_path / "environment.json").write_text("{}")
    with RunFolder.open(tmp_path, config) as folder:
        assert folder.read_config() == config


def _sweep(space: dict, points: list) -> SweepFile:
    return SweepFile.from_values({"title": "", "space": space, "strategy": {"name": "list", "points": points}})


def test_sweeps_of_old_names_are_those_of_the_new_ones():
    trained = {"tau_mem": 3.0}
    old = _sweep(
        {
            "revival.lift": {"choice": [0.0, 0.1]},
            "network.trained": {"choice": [{}, trained], "when": {"revival.lift": 0.1}},
            "both": {"float": [0.0, 1.0], "sets": ["augmentation.drop", "augmentation.muffle"]},
            "way": {"cases": {"a": {"revival.redraw": True}}},
        },
        [{"revival.lift": 0.1, "network.trained": trained, "both": 0.5, "way": "a"}],
    )
    new = _sweep(
        {
            "silent_neurons.weight_lift": {"choice": [0.0, 0.1]},
            "network.trained": {
                "choice": [{}, {"tau_mem": {"minimum": 3.0}}],
                "when": {"silent_neurons.weight_lift": 0.1},
            },
            "both": {"float": [0.0, 1.0], "sets": ["augmentation.spike_dropout", "augmentation.frequency_mask"]},
            "way": {"cases": {"a": {"silent_neurons.weight_redraw": True}}},
        },
        [
            {
                "silent_neurons.weight_lift": 0.1,
                "network.trained": {"tau_mem": {"minimum": 3.0}},
                "both": 0.5,
                "way": "a",
            }
        ],
    )
    assert old.to_values() == new.to_values()
    assert update_point({"revival.lift": 0.1, "x": 1}) == {"silent_neurons.weight_lift": 0.1, "x": 1}
