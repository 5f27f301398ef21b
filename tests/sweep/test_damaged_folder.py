"""Files of a sweep's folder, cut, flipped, emptied or replaced by a folder: one line names them, or none is needed."""

import functools
import json
import shutil
import signal
import sqlite3
from contextlib import closing, contextmanager

import pytest

from genn_shd import DataError, SweepReader, report
from genn_shd.reports.drawing import Drawing
from genn_shd.sweep import reading, state
from genn_shd.sweep.command import main
from genn_shd.sweep.reading import NotStartedError
from genn_shd.sweep.state import FILE_NAME, State, connect
from genn_shd.sweep.workers.job import OUTCOME
from tests.sweep.processes import write

PATIENCE = 8  # s


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a sweep of two trials that came to its end, its state all in one file."""
    folder = tmp_path_factory.mktemp("sweep")
    space = {"network.tau_mem": {"choice": [10.0, 20.0]}}
    file = write(folder / "s.toml", "slow", space=space, strategy={"name": "grid"}, settings={"training.epochs": 2})
    assert main([str(file), "--workers", "0", "--out", str(folder / "out")]) == 0
    with closing(sqlite3.connect(folder / "out" / FILE_NAME)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return folder


@pytest.fixture
def sweep(whole, tmp_path, monkeypatch):
    """A copy, whose figures are not drawn; whoever opened its state has to have closed it when the test ends."""
    monkeypatch.setattr(Drawing, "save", lambda *arguments: "")
    opened = []

    class Watched(sqlite3.Connection):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            opened.append(self)

        def close(self):
            super().close()
            opened.remove(self)

    monkeypatch.setattr(state.sqlite3, "connect", functools.partial(sqlite3.connect, factory=Watched))
    yield shutil.copytree(whole, tmp_path / "sweep")
    assert not opened  # one left open would keep the next command waiting, until it happens to be collected


def commands(sweep):
    file, out = str(sweep / "s.toml"), str(sweep / "out")
    return {
        "status": lambda: main([file, "--status", "--out", out]),
        "report": lambda: report.main([out]),
        "go on": lambda: main([file, "--workers", "0", "--out", out]),
    }


@contextmanager
def soon():
    """The block ends before long, or the test fails."""

    def fail(*arguments):
        raise AssertionError(f"no end after {PATIENCE} s")

    signal.signal(signal.SIGALRM, fail)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)


def run(sweep, capsys, name=FILE_NAME, which=("status", "report", "go on")):
    """Let commands say in one line that a file is damaged, or do without it; returns their exit codes."""
    codes = []
    for command in which:
        capsys.readouterr()
        with soon():
            codes.append(commands(sweep)[command]())
        said = capsys.readouterr()
        assert "Traceback" not in said.err + said.out
        if codes[-1]:
            line = said.err.splitlines()[-1]
            assert codes[-1] == 2 and line.startswith("error: ") and (name in line or str(sweep / "out") in line)
    return codes


def let_wait(sweep):
    """Let all runs of a sweep wait, as if its planner had died when they had ended."""
    with closing(sqlite3.connect(sweep / "out" / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE run SET status = 'waiting'")
        connection.execute("UPDATE trial SET status = 'running'")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_state_that_is_cut_is_named(sweep, capsys, part):
    file = sweep / "out" / FILE_NAME
    content = file.read_bytes()
    file.write_bytes(content[: int(part * len(content))])
    assert run(sweep, capsys) == [2, 2, 2]


@pytest.mark.slow
@pytest.mark.parametrize("start", range(8))
def test_a_state_with_a_byte_flipped_is_named_or_still_good(sweep, capsys, start):
    file = sweep / "out" / FILE_NAME
    content = file.read_bytes()
    used = [at for at, byte in enumerate(content) if byte]
    for k in range(start, 24, 8):
        at = used[(2 * k + 1) * len(used) // 48]
        file.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        run(sweep, capsys)
        for beside in (sweep / "out").glob(f"{FILE_NAME}-*"):
            beside.unlink()


def test_a_state_whose_tables_have_damaged_names_is_named(sweep, capsys):
    file = sweep / "out" / FILE_NAME
    file.write_bytes(file.read_bytes().replace(b"tablesession", b"tableses\xe3ion"))
    assert run(sweep, capsys) == [2, 2, 2]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE trial SET point = '[1]'",
        "UPDATE trial SET objective = 'high'",
        "UPDATE trial SET status = 'odd'",
        "UPDATE trial SET number = 77 WHERE number = 1",
        "UPDATE run SET status = 'odd'",
        "UPDATE run SET seed = 'one'",
        "UPDATE run SET trial = 99 WHERE id = 1",
        "UPDATE metric SET value = 'high'",
        "UPDATE attempt SET started = 'once'",
        "UPDATE session SET seconds = 'long'",
        "UPDATE sweep SET value = '{\"title\": 3}' WHERE name = 'file'",
    ],
)
def test_a_state_of_other_values_is_named(sweep, capsys, change):
    with closing(sqlite3.connect(sweep / "out" / FILE_NAME)) as connection, connection:
        connection.execute(change)
    assert run(sweep, capsys)[:2] == [2, 2]


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_folder_in_the_place_of_the_state_is_named(sweep, capsys, suffix):
    file = sweep / "out" / (FILE_NAME + suffix)
    file.unlink(missing_ok=True)
    file.mkdir()
    assert run(sweep, capsys)[-1] == 2


@pytest.mark.parametrize("name", ["log.txt", "planner.lock"])
def test_a_folder_in_the_place_of_a_file_is_named(sweep, capsys, name):
    (sweep / "out" / name).unlink()
    (sweep / "out" / name).mkdir()
    assert run(sweep, capsys, name) == [0, 0, 2]


@pytest.mark.parametrize("name", ["log.txt", "planner.lock"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"])
def test_a_log_and_a_lock_may_hold_anything(sweep, capsys, name, content):
    (sweep / "out" / name).write_bytes(content)
    assert run(sweep, capsys, name) == [0, 0, 0]


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{", "[" * 100_000, '{"status": 3}', '{"status": "busy", "metrics": {}, "error": ""}'),
        *('{"status": "complete", "metrics": [], "error": ""}', '{"status": "odd", "metrics": {}, "error": ""}'),
    ],
)
def test_a_damaged_outcome_is_found_out_again(sweep, capsys, content):
    let_wait(sweep)
    for file in (sweep / "out").glob(f"trials/*/*/{OUTCOME}"):
        expected = json.loads(file.read_text())
        file.write_text(content)
    assert run(sweep, capsys) == [0, 0, 0]
    assert json.loads(file.read_text()) == expected
    with SweepReader(sweep / "out") as reader:
        assert [trial.status for trial in reader.read_trials()] == ["complete"] * 2


@pytest.mark.parametrize("name", [OUTCOME, "job.lock"])
def test_a_folder_in_the_place_of_a_file_of_a_run_fails_that_run_alone(sweep, capsys, name):
    let_wait(sweep)
    (file,) = (sweep / "out").glob(f"trials/0001/*/{name}")
    file.unlink()
    file.mkdir()
    assert run(sweep, capsys) == [0, 0, 0]
    with SweepReader(sweep / "out") as reader:
        assert [trial.status for trial in reader.read_trials()] == ["failed", "complete"]
        assert str(file) in reader.read_trial(1).error


@pytest.mark.parametrize("damage", [b"", b"no database" * 100])
def test_a_reader_that_finds_no_sweep_closes_the_file(tmp_path, monkeypatch, damage):
    opened = []
    monkeypatch.setattr(reading, "connect", lambda path: opened.append(connect(path)) or opened[-1])
    State(tmp_path / FILE_NAME).close()
    with pytest.raises(NotStartedError):
        SweepReader(tmp_path)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
    (tmp_path / FILE_NAME).write_bytes(damage)
    with pytest.raises(DataError):
        SweepReader(tmp_path)
