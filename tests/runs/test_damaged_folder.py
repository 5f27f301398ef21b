"""Files of a run folder, damaged in every way: one line that names the file, or what is left is used and shown."""

import json
import shutil
import tomllib

import numpy as np
import pytest
import tomli_w

from genn_shd import Config, GennShdError, evaluate, listen, record, report, train
from genn_shd.plots import training as plots
from genn_shd.reports import run_report, runs
from genn_shd.reports.drawing import Drawing
from genn_shd.runs.folder import RunFolder
from tests.once import make_once

pytestmark = pytest.mark.slow

SMALL = [
    *("--preset", "yin_yang"),
    *("--set", "dataset.num_train=30", "--set", "dataset.num_validation=10", "--set", "dataset.num_test=10"),
    *("--set", "network.num_hidden=8", "--set", "validation.kind=official", "--set", "training.batch_size=16"),
    *("--set", "simulation.num_threads=1", "--set", "recording.epochs=1", "--set", "simulation.profile=true"),
]
RECORDING = "recordings/epoch_1_batch_1.h5"

COMMANDS = {
    "report": lambda run: report.main([str(run)]),
    "evaluate": lambda run: evaluate.main([str(run)]),
    "record": lambda run: record.main([str(run)]),
    "listen": lambda run: listen.main([str(run), "nowhere.wav"]),
    "train": lambda run: train.main([*SMALL, "--set", "training.epochs=3", "--out", str(run)]),
    "last": lambda run: evaluate.main([str(run), "--checkpoint", "last"]),
}
READERS = {
    "config.toml": ["report", "evaluate", "record", "listen", "train"],
    "environment.json": ["report", "train"],
    "history.csv": ["report", "train"],
    "timings.csv": ["train"],
    "checkpoint.npz": ["train", "last"],
    "best.npz": ["report", "evaluate", "record", "listen"],
    "summary.json": ["report", "train"],
    "evaluation.json": ["report", "evaluate"],
    "plots": ["evaluate", "train"],
    RECORDING: ["report"],
    "recordings": ["report", "record"],
    "log.txt": ["train"],
}


def cut(content):
    return content[: len(content) // 2]


def flipped(content):
    at = len(content) // 3
    return content[:at] + bytes([content[at] ^ 0x81]) + content[at + 1 :]


DAMAGES = {
    "cut": cut,
    "flipped": flipped,
    "emptied": lambda content: b"",
    "no text": lambda content: b"\xff\xfe\x00" + content,
    "another file": lambda content: b"\x89PNG and nothing more",
}
IN_FILES = [*DAMAGES, "a folder"]
IN_ARRAYS = [damage for damage in IN_FILES if damage != "no text"]  # as they are none, that is another file
CASES = [
    (file, damage, command)
    for file in READERS
    if "." in file
    for damage in (IN_ARRAYS if file.endswith((".npz", ".h5")) else IN_FILES)
    for command in READERS[file]
]
CASES += [(file, "a file", command) for file in READERS for command in READERS[file] if "." not in file]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    def make(folder):
        path = folder / "run"
        assert train.main([*SMALL, "--set", "training.epochs=2", "--out", str(path)]) == 0
        assert report.main([str(path), "--out", str(folder / "report")]) == 0

    return make_once(tmp_path_factory, "trained_to_damage", make) / "run"


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """A copy, whose figures are not drawn."""
    monkeypatch.setattr(plots, "save", lambda figure, path: plots.make_folder(path.parent))
    monkeypatch.setattr(Drawing, "save", lambda *arguments: "")
    return shutil.copytree(trained, tmp_path / "run")


def spoil(path, damage):
    if damage == "a folder":
        path.unlink()
        path.mkdir()
    elif damage == "a file":
        shutil.rmtree(path)
        path.write_bytes(b"a file")
    else:
        path.write_bytes(DAMAGES[damage](path.read_bytes()))


@pytest.mark.parametrize(("file", "damage", "command"), CASES)
def test_a_damaged_file_is_named_in_one_line_or_the_rest_is_shown(run, capsys, file, damage, command):
    spoil(run / file, damage)
    capsys.readouterr()
    code = COMMANDS[command](run)
    err = capsys.readouterr().err
    assert "Traceback" not in err
    if code != 0:
        assert code == 2
        line = err.splitlines()[-1]
        assert line.startswith("error: ")
        assert str(run / file) in line or "nowhere.wav" in line
    elif command == "report" and damage not in ("emptied", "a file") and file not in ("config.toml", "recordings"):
        text = (run / "report" / "report.html").read_text()
        assert str(run / file) in text or damage == "flipped"
    elif command in ("train", "evaluate"):
        for name in ("summary.json", "evaluation.json"):
            json.loads((run / name).read_text())


OTHERS = [[], {}, "text", None, 3, -1.5, True, [1], {"a": 1}, float("nan")]


def places(content, at=()):
    """Every place in nested tables and lists, of a list the first two alone."""
    yield at
    items = (
        content.items() if isinstance(content, dict) else enumerate(content[:2]) if isinstance(content, list) else ()
    )
    for key, item in items:
        yield from places(item, (*at, key))


def replaced(content, at, value):
    if not at:
        return value
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[at[0]] = replaced(content[at[0]], at[1:], value)
    return copy


def each_other_value(content, rng):
    """The content with one place in it taken by something else: at each place three values of other types."""
    for at in places(content):
        for k in rng.choice(len(OTHERS), 3, replace=False):
            yield replaced(content, at, OTHERS[k])


@pytest.mark.parametrize("name", ["summary.json", "evaluation.json", "environment.json"])
def test_json_of_other_types_is_refused_or_does_no_harm(run, monkeypatch, name):
    drawn = [(plots, "draw_confusion"), (plots, "draw_training_curves"), (run_report.run_figures, "draw_weights")]
    for module, function in drawn:
        monkeypatch.setattr(module, function, lambda *arguments: None)
    monkeypatch.setattr(runs.Training, "recordings", [])
    refused = 0
    for content in each_other_value(json.loads((run / name).read_text()), np.random.default_rng(1)):
        (run / name).write_text(json.dumps(content))
        page = run_report.build_report(run)
        refused += page.sections[0].heading == "Damaged files" and not page.sections[0].is_empty
        try:
            folder = RunFolder.open_existing(run)
            folder.results.read_trained_with()
            folder.results.write_environment({"python": "another", "model": {"backend": "native"}})
        except GennShdError as error:
            assert str(run / name) in str(error)
            assert "\n" not in str(error)
    assert refused > 3


def test_settings_of_other_types_are_refused_or_do_no_harm(run):
    settings = tomllib.loads((run / "config.toml").read_text())
    refused = 0
    for content in each_other_value(settings, np.random.default_rng(2)):
        try:
            (run / "config.toml").write_text(tomli_w.dumps(content))
        except (TypeError, AttributeError):  # TOML has no such file
            continue
        for read in (RunFolder.list_parts, RunFolder.read_config, runs.list_trainings):
            try:
                read(run if read is runs.list_trainings else RunFolder.open_existing(run))
            except GennShdError as error:
                refused += 1
                assert str(run / "config.toml") in str(error)
                assert "\n" not in str(error)
    assert refused > 100


def test_seeds_that_are_none_are_refused(run):
    (run / "config.toml").write_text(Config().to_toml().replace("seeds = 1", 'seeds = "all"'))
    assert train.main([*SMALL, "--out", str(run)]) == 2
    assert report.main([str(run)]) == 2
