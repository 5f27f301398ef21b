"""States of sweeps that are cut, of something else, incomplete, of wrong types or held: one line each."""

import shutil
import sqlite3
import time

import pytest

from genn_shd import report
from genn_shd.sweep import state
from genn_shd.sweep.command import main
from genn_shd.sweep.state import FILE_NAME
from tests.sweep.processes import write


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder and the file of a sweep that came to its end."""
    folder = tmp_path_factory.mktemp("sweep")
    file = write(folder / "s.toml", "quick")
    assert main([str(file), "--workers", "0", "--out", str(folder / "out")]) == 0
    with sqlite3.connect(folder / "out" / FILE_NAME) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return folder


@pytest.fixture
def sweep(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


def change(*statements):
    def damage(path):
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return damage


DAMAGES = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "short": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "text": lambda path: path.write_text("this is no database, though it is long enough to be one" * 20),
    "empty database": lambda path: path.write_bytes(b""),
    "no table": change("DROP TABLE metric"),
    "no column": change("ALTER TABLE trial DROP COLUMN origin"),
    "no JSON": change("UPDATE trial SET point = 'nonsense'"),
    "a number for a table": change("UPDATE trial SET point = '3'"),
    "a blob": change("UPDATE run SET settings = x'ff00'"),
    "no sweep file": change("UPDATE sweep SET value = '[1, 2]' WHERE name = 'file'"),
    "text for a number": change("UPDATE trial SET objective = 'high'"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("command", ["status", "go on", "report"])
def test_a_damaged_state_is_told_of_in_one_line(sweep, capsys, damage, command):
    DAMAGES[damage](sweep / "out" / FILE_NAME)
    capsys.readouterr()
    file, out = str(sweep / "s.toml"), str(sweep / "out")
    code = {
        "status": lambda: main([file, "--status", "--out", out]),
        "go on": lambda: main([file, "--workers", "0", "--out", out]),
        "report": lambda: report.main([out]),
    }[command]()
    err = capsys.readouterr().err
    if (damage, command) == ("empty database", "go on"):
        assert code == 0  # nothing was kept in it yet
        return
    assert code == 2 and "Traceback" not in err
    assert err.splitlines()[-1].startswith("error: ") and str(sweep / "out") in err.splitlines()[-1]


def test_a_state_that_another_program_holds_is_told_of(sweep, capsys, monkeypatch):
    monkeypatch.setattr(state, "_BUSY_SECONDS", 0.1)
    holder = sqlite3.connect(sweep / "out" / FILE_NAME, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("DELETE FROM epoch")
    started = time.monotonic()
    assert main([str(sweep / "s.toml"), "--workers", "0", "--out", str(sweep / "out")]) == 2
    assert time.monotonic() - started < 5
    assert "another program is using it" in capsys.readouterr().err.splitlines()[-1]
    holder.close()
