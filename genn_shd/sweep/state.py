"""The state of a sweep: one SQLite file, which several processes can write and read at the same time.

Tables (all times in seconds since 1970):

sweep    definition of the sweep: name -> JSON
session  one row for each start of the planner, with its running time
trial    one row for each trial
run      one row for each run
attempt  one row for each start of a run
epoch    one row for each epoch of a run: JSON
metric   metrics that a run reported

Every change is one transaction. `reading` turns rows into records.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import DataError, GennShdError
from .records import (
    ATTEMPT_STATUS,
    FAILED,
    INTERRUPTED,
    LOST,
    RUN_STATUS,
    RUNNING,
    SKIPPED,
    STOPPED,
    TRIAL_STATUS,
    WAITING,
)

FILE_NAME = "state.sqlite"
VERSION = 1
_BUSY_SECONDS = 60.0
_STATUS = {"trial": TRIAL_STATUS, "run": RUN_STATUS, "attempt": ATTEMPT_STATUS}

_SCHEMA = """
CREATE TABLE sweep (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE session (id INTEGER PRIMARY KEY, started REAL NOT NULL, seconds REAL NOT NULL, workers TEXT NOT NULL);
CREATE TABLE trial (
    number INTEGER PRIMARY KEY,
    point TEXT NOT NULL,
    origin TEXT NOT NULL,
    status TEXT NOT NULL,
    objective REAL,
    limited TEXT NOT NULL DEFAULT '{}',
    error TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL,
    ended REAL
);
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL REFERENCES trial (number),
    seed INTEGER NOT NULL,
    fold TEXT,
    status TEXT NOT NULL,
    folder TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX run_status ON run (status, id);
CREATE TABLE attempt (
    run INTEGER NOT NULL REFERENCES run (id),
    number INTEGER NOT NULL,
    worker TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    PRIMARY KEY (run, number)
);
CREATE TABLE epoch (
    run INTEGER NOT NULL REFERENCES run (id),
    epoch INTEGER NOT NULL,
    row TEXT NOT NULL,
    PRIMARY KEY (run, epoch)
);
CREATE TABLE metric (
    run INTEGER NOT NULL REFERENCES run (id),
    epoch TEXT NOT NULL,
    name TEXT NOT NULL,
    value REAL,
    PRIMARY KEY (run, epoch, name)
);
"""


class State:
    """A state file that is open for writing. Threads must not share it; each opens its own.

    Parameters
    ----------
    path : the file.

    Raises
    ------
    DataError
        The file is not the state of a sweep, or of another version.
    GennShdError
        The file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_own(path)
        self._connection = connect(path)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        """Create the tables if there are none, and check existing ones."""
        with self._change() as c:
            version = c.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not c.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in _SCHEMA.split(";"):
                    c.execute(statement)
                c.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise DataError(f"{self.path}: this is not a state of version {VERSION}; choose another --out.")
            check_content(c, self.path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Make one transaction: it waits for other writers, and is undone if an error occurs."""
        with explain_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                with suppress(sqlite3.Error):  # the error may have rolled back already
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    # --- the sweep -----------------------------------------------------------------------------------------

    def describe(self, **values: Any) -> None:
        """Store the definition of the sweep, as JSON by name."""
        with self._change() as c:
            rows = [(name, json.dumps(value)) for name, value in values.items()]
            c.executemany("INSERT OR REPLACE INTO sweep VALUES (?, ?)", rows)

    def begin_session(self, workers: str) -> int:
        """Begin a session of the planner and return its id; runs left active by an earlier session wait again."""
        with self._change() as c:
            c.execute("UPDATE attempt SET status = ?, ended = ? WHERE status = ?", (LOST, time.time(), RUNNING))
            c.execute("UPDATE run SET status = ? WHERE status = ?", (WAITING, RUNNING))
            cursor = c.execute(
                "INSERT INTO session (started, seconds, workers) VALUES (?, 0, ?)", (time.time(), workers)
            )
            return int(cursor.lastrowid or 0)

    def track_time(self, session: int, seconds: float) -> None:
        """Set the running time of a session, s."""
        with self._change() as c:
            c.execute("UPDATE session SET seconds = ? WHERE id = ?", (seconds, session))

    # --- trials --------------------------------------------------------------------------------------------

    def add_trial(self, point: Mapping[str, Any], origin: str, runs: Sequence[tuple[int, str | None, str, Any]]) -> int:
        """Add a trial with its runs (seed, fold, name of the folder, settings); return its number."""
        with self._change() as c:
            number = c.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM trial").fetchone()[0]
            c.execute(
                "INSERT INTO trial (number, point, origin, status, created) VALUES (?, ?, ?, ?, ?)",
                (number, json.dumps(point), origin, RUNNING, time.time()),
            )
            for seed, fold, name, settings in runs:
                folder = f"trials/{number:04d}/{name}"
                c.execute(
                    "INSERT INTO run (trial, seed, fold, status, folder, settings) VALUES (?, ?, ?, ?, ?, ?)",
                    (number, seed, fold, WAITING, folder, json.dumps(settings)),
                )
            return int(number)

    def close_trial(
        self, number: int, status: str, objective: float | None, limited: Mapping[str, float], error: str = ""
    ) -> None:
        """Set the final status and the value of a trial."""
        with self._change() as c:
            c.execute(
                "UPDATE trial SET status = ?, objective = ?, limited = ?, error = ?, ended = ? WHERE number = ?",
                (status, objective, json.dumps(dict(limited)), error, time.time(), number),
            )

    def reopen_failed(self) -> int:
        """Put failed runs back into the queue, and runs skipped or stopped because of them; return how many failed."""
        with self._change() as c:
            trials = [trial for (trial,) in c.execute("SELECT trial FROM run WHERE status = ?", (FAILED,))]
            for trial in set(trials):
                c.execute(
                    "UPDATE attempt SET status = ? WHERE status = ? AND run IN (SELECT id FROM run WHERE trial = ?)",
                    (INTERRUPTED, STOPPED, trial),
                )
                c.execute(
                    "UPDATE run SET status = ?, error = '' WHERE trial = ? AND status IN (?, ?, ?)",
                    (WAITING, trial, FAILED, SKIPPED, STOPPED),
                )
                c.execute("UPDATE trial SET status = ?, error = '', ended = NULL WHERE number = ?", (RUNNING, trial))
            return len(trials)

    # --- runs ----------------------------------------------------------------------------------------------

    def claim(self, worker: str) -> int | None:
        """Take the first waiting run for a worker; None if none waits. No run is given to two workers."""
        with self._change() as c:
            row = c.execute("SELECT id FROM run WHERE status = ? ORDER BY id LIMIT 1", (WAITING,)).fetchone()
            if row is None:
                return None
            c.execute("UPDATE run SET status = ? WHERE id = ?", (RUNNING, row[0]))
            _start(c, row[0], worker)
            return int(row[0])

    def start_again(self, run: int, worker: str) -> None:
        """Begin a new attempt at a lost run that a cluster gave to another worker."""
        with self._change() as c:
            _end_attempt(c, run, LOST)
            _start(c, run, worker)

    def name_worker(self, run: int, worker: str) -> None:
        """Set the worker of a run."""
        with self._change() as c:
            c.execute("UPDATE attempt SET worker = ? WHERE run = ? AND status = ?", (worker, run, RUNNING))

    def record_epoch(self, run: int, epoch: int, row: Mapping[str, Any]) -> None:
        """Store a row of the history of a run."""
        with self._change() as c:
            c.execute("INSERT OR REPLACE INTO epoch VALUES (?, ?, ?)", (run, epoch, json.dumps(row)))

    def put_back(self, run: int, status: str) -> None:
        """Put a run back into the queue after an attempt that was `lost` or `interrupted`."""
        with self._change() as c:
            _end_attempt(c, run, status)
            c.execute("UPDATE run SET status = ? WHERE id = ? AND status = ?", (WAITING, run, RUNNING))

    def finish(self, run: int, status: str, metrics: Mapping[str, Mapping[str, Any]], error: str = "") -> None:
        """Set the final status of a run, `complete`, `stopped`, `diverged` or `failed`, and its metrics."""
        with self._change() as c:
            _end_attempt(c, run, status)
            c.execute("UPDATE run SET status = ?, error = ? WHERE id = ?", (status, error, run))
            rows = [
                (run, epoch, name, float(value))
                for epoch, values in metrics.items()
                for name, value in values.items()
                if isinstance(value, int | float)
            ]
            c.executemany("INSERT OR REPLACE INTO metric VALUES (?, ?, ?, ?)", rows)

    def skip_waiting(self, trial: int) -> None:
        """Skip the waiting runs of a trial, which are no longer needed."""
        with self._change() as c:
            c.execute("UPDATE run SET status = ? WHERE trial = ? AND status = ?", (SKIPPED, trial, WAITING))


def _check_own(path: Path) -> None:
    """Raise an error for a database of another program, before it is changed."""
    if not path.exists():
        return
    with explain_errors(path), closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and not {"sweep", "trial", "run"} <= tables:
        raise DataError(f"{path}: this is the database of another program; choose another --out.")


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection that waits for other processes; transactions are explicit.

    Raises
    ------
    GennShdError
        The file cannot be opened.
    """
    with explain_errors(path):
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last changes, not the file
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:  # decoding a message of SQLite may fail, too
            connection.close()
            raise
    return connection


@contextmanager
def explain_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into errors of one line that name the file and a remedy."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise GennShdError(f"{path}: another program is using it ({error}); close that, and try again.") from None
        raise GennShdError(f"{path}: cannot use the state of the sweep ({error}); choose another --out.") from None
    except (sqlite3.Error, UnicodeDecodeError) as error:  # a message may quote damaged text
        raise DataError(f"{path}: this is not the state of a sweep ({error}); choose another --out.") from None


def check_content(c: sqlite3.Connection, path: Path) -> None:
    """Check that all tables and columns exist, are undamaged, and have values that a sweep writes.

    SQLite itself stores any type in any column, and allows rows that refer to missing ones.

    Raises
    ------
    DataError
        Something is missing, damaged, or of another type.
    """
    (damage,) = c.execute("PRAGMA integrity_check(1)").fetchone()
    if damage != "ok":
        raise DataError(f"{path}: this state of a sweep is damaged ({' '.join(damage.split())}); choose another --out.")
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(_SCHEMA)
        for (table,) in fresh.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            _check_table(c, path, table, fresh.execute(f"PRAGMA table_info({table})").fetchall())
    if row := c.execute("PRAGMA foreign_key_check").fetchone():
        raise DataError(f"{path}: this state of a sweep is damaged: {row[0]} without {row[2]}; choose another --out.")


def _check_table(c: sqlite3.Connection, path: Path, table: str, expected: Sequence[Any]) -> None:
    """Check the columns of a table against those of a new state, as listed by `PRAGMA table_info`."""
    columns = {row[1] for row in c.execute(f"PRAGMA table_info({table})")}
    for _, name, of_type, is_not_null, _, is_key in expected:
        if name not in columns:
            what = f"its table {table} has no column {name}" if columns else f"it has no table {table}"
            raise DataError(f"{path}: this is not the state of a sweep: {what}; choose another --out.")
        allowed = [of_type.lower(), *([] if is_not_null or is_key else ["null"])]
        wrong = f"typeof({name}) NOT IN ({_write_marks(allowed)})"
        if name == "status":
            allowed += _STATUS[table]
            wrong += f" OR {name} NOT IN ({_write_marks(_STATUS[table])})"
        if row := c.execute(f"SELECT {name} FROM {table} WHERE {wrong} LIMIT 1", allowed).fetchone():
            raise DataError(
                f"{path}: this state of a sweep is damaged: {table}.{name} holds {row[0]!r}; choose another --out."
            )


def _write_marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _start(c: sqlite3.Connection, run: int, worker: str) -> None:
    number = c.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM attempt WHERE run = ?", (run,)).fetchone()[0]
    c.execute(
        "INSERT INTO attempt (run, number, worker, status, started) VALUES (?, ?, ?, ?, ?)",
        (run, number, worker, RUNNING, time.time()),
    )


def _end_attempt(c: sqlite3.Connection, run: int, status: str) -> None:
    c.execute(
        "UPDATE attempt SET status = ?, ended = ? WHERE run = ? AND status = ?", (status, time.time(), run, RUNNING)
    )
