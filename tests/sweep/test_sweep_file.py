"""What a sweep file may say, what it may not, and how its parts for data sets and smoke lie over it."""

import pytest

from genn_shd import SettingError
from genn_shd.config.sources import parse_settings
from genn_shd.sweep import sweep_file
from genn_shd.sweep.command import apply_settings
from genn_shd.sweep.sweep_file import SweepFile

TEXT = """
title = "A question"
preset = "yin_yang"
settings = { training.epochs = 20, network.num_hidden = 30 }
strategy = { name = "grid" }
budget = { trials = 40 }

[space]
"optimiser.learning_rate" = { choice = [1e-3, 1e-2] }
"network.tau_mem" = { float = [10.0, 40.0], points = 4 }

[dataset.yin_yang]
settings = { training.batch_size = 8 }

[dataset.fsdd]
preset = "fsdd"
settings = { "training.epochs" = 5 }

[smoke]
settings = { training.epochs = 1 }
budget = { trials = 2 }
space."network.tau_mem" = { choice = [20.0] }
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "question.toml"
    path.write_text(TEXT)
    return path


def test_a_file_is_read_with_defaults_for_what_it_does_not_say(file):
    sweep = sweep_file.read(str(file))
    assert (sweep.title, sweep.preset, sweep.strategy.name) == ("A question", "yin_yang", "grid")
    assert sweep.settings == {"training": {"epochs": 20, "batch_size": 8}, "network": {"num_hidden": 30}}
    assert list(sweep.space) == ["optimiser.learning_rate", "network.tau_mem"]
    assert (sweep.repeats.seeds, sweep.repeats.folds, sweep.objective.metric) == ((0,), "none", "validation_accuracy")


def test_data_set_and_smoke_lie_over_it(file):
    sweep = sweep_file.read(str(file), dataset="fsdd", smoke=True)
    assert sweep.preset == "fsdd"
    assert sweep.settings == {"training": {"epochs": 1}, "network": {"num_hidden": 30}}
    assert sweep.budget.trials == 2
    assert sweep.space["network.tau_mem"].kind == "choice"
    assert sweep.space["optimiser.learning_rate"].values == (1e-3, 1e-2)
    assert sweep_file.read(str(file), dataset="fsdd").settings["training"]["epochs"] == 5


def test_what_is_written_out_reads_back_as_the_same(file):
    sweep = sweep_file.read(str(file))
    assert SweepFile.from_values(sweep.to_values()) == sweep


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title =", "tittle =", "tittle is unknown. Did you mean 'title'?"),
        ('name = "grid"', 'name = "gird"', "strategy.name = 'gird' is not allowed: .* Did you mean 'grid'"),
        ('name = "grid"', 'name = "grid", seed = 3', "strategy.seed is no setting of strategy.name = 'grid'"),
        ("trials = 40", "trials = 0", "budget.trials = 0 is not allowed: it must be a whole number >= 1"),
        ("points = 4", "point = 4", r'space."network.tau_mem".point is unknown. Did you mean .*points'),
        ("[10.0, 40.0]", '["a", 40.0]', r'space."network.tau_mem".float = .* must be a number'),
        ("[smoke]", "repeats.seeds = [1, 1]\n[smoke]", "is not allowed|unknown"),
        ("epochs = 20,", "epochs 20,", "not valid TOML"),
        ("[dataset.yin_yang]", "[dataset]\nname = 3\n[dataset.yin_yang]", r"dataset.name = 3 .*\[settings.dataset\]"),
        ("settings = { training.epochs = 20, network.num_hidden = 30 }", 'settings = "x"', "settings = 'x' is not all"),
    ],
)
def test_mistakes_are_named_in_one_line(file, old, new, message):
    assert old in TEXT
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(SettingError, match=message) as caught:
        sweep_file.read(str(file), dataset="fsdd")
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('dataset = "fsdd"', r"dataset = 'fsdd' is not allowed: .*\[settings.dataset\]"),
        ("smoke = 3", "smoke = 3 is not"),
    ],
)
def test_parts_that_lie_over_it_are_tables(tmp_path, text, message):
    file = tmp_path / "question.toml"
    file.write_text(f'title = "A question"\n{text}\n')
    with pytest.raises(SettingError, match=message):
        sweep_file.read(str(file), smoke="smoke" in text)


def test_names_that_are_not_there_bring_the_nearest(file):
    with pytest.raises(SettingError, match="data set 'fsd' is unknown; allowed: yin_yang, fsdd. Did you mean 'fsdd'"):
        sweep_file.read(str(file), dataset="fsd")
    with pytest.raises(SettingError, match=r"no such sweep file. Did you mean 'question.toml'"):
        sweep_file.read(str(file.with_name("questoin.toml")))
    with pytest.raises(SettingError, match="sweep 'nowhere' is unknown"):
        sweep_file.read("nowhere")
    file.write_text(TEXT.partition("[smoke]")[0])
    with pytest.raises(SettingError, match=r"there is no \[smoke\] in it"):
        sweep_file.read(str(file), smoke=True)


PATHS = """
title = "Which data?"
preset = "yin_yang"
settings = { dataset.name = "hdf5", "dataset.test_path" = "test.h5", training.epochs = 1 }
strategy = { name = "list", points = [{ "dataset.path" = "a.h5", both = "b.h5", other = "one" }] }

[space]
"dataset.path" = { choice = ["a.h5", "/b.h5"] }
both = { choice = ["b.h5"], sets = ["dataset.path", "dataset.validation_path"] }
name = { choice = ["c.h5"], sets = "dataset.name" }
other = { cases = { one = { "dataset.path" = "../d.h5", "dataset.name" = "hdf5" } } }

[dataset.big]
settings = { dataset.data_dir = "big" }

[smoke]
strategy = { name = "bayesian", warm_start = "runs/earlier" }
"""


def test_paths_are_taken_from_the_folder_of_the_file(tmp_path, monkeypatch):
    path = tmp_path / "a" / "data.toml"
    path.parent.mkdir()
    path.write_text(PATHS, encoding="utf-8-sig")
    monkeypatch.chdir(tmp_path)
    here = str(path.parent)
    sweep = sweep_file.read("a/data.toml")
    assert sweep.settings["dataset"] == {"name": "hdf5", "test_path": f"{here}/test.h5", "data_dir": f"{here}/big"}
    assert sweep.space["dataset.path"].values == (f"{here}/a.h5", "/b.h5")
    assert sweep.space["both"].values == (f"{here}/b.h5",)
    assert sweep.space["name"].values == ("c.h5",)
    assert sweep.space["other"].values == {"one": {"dataset.path": f"{tmp_path}/d.h5", "dataset.name": "hdf5"}}
    assert sweep.strategy.points == ({"dataset.path": f"{here}/a.h5", "both": f"{here}/b.h5", "other": "one"},)
    assert sweep_file.read("a/data.toml", smoke=True).strategy.warm_start == (f"{here}/runs/earlier",)


OWN = """
title = "Which clicks?"
preset = "yin_yang"
strategy = { name = "grid" }

[space]
data = { cases = { own = { "dataset.name" = "tests.custom_dataset:load", "dataset.clicks" = "a.h5" } } }
"""


def test_so_are_those_of_a_data_set_of_ones_own(tmp_path, monkeypatch):
    path = tmp_path / "a" / "data.toml"
    path.parent.mkdir()
    path.write_text(OWN)
    monkeypatch.chdir(tmp_path)
    case = {"dataset.name": "tests.custom_dataset:load", "dataset.clicks": f"{path.parent}/a.h5"}
    assert sweep_file.read("a/data.toml").space["data"].values == {"own": case}
    path.write_text(OWN.partition("[space]")[0] + '[space]\n"dataset.clicks" = { choice = ["a.h5", "b.h5"] }\n')
    named = apply_settings(sweep_file.read("a/data.toml"), parse_settings(["dataset.name=tests.custom_dataset:load"]))
    settings = apply_settings(named, parse_settings(["dataset.clicks=c.h5"])).settings
    assert settings["dataset"] == {"name": "tests.custom_dataset:load", "clicks": f"{tmp_path}/c.h5"}
