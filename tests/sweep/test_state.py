"""The SQLite file: what is written is read, also by others and at the same time; nothing is given out twice."""

import os
import signal
import sqlite3
import time
from contextlib import closing

import pytest

from genn_shd import DataError, SweepReader
from genn_shd.sweep.records import COMPLETE, FAILED, INTERRUPTED, LOST, RUNNING, SKIPPED, STOPPED, WAITING
from genn_shd.sweep.state import FILE_NAME, State
from tests.forked import FORK
from tests.sweep.cheap import sweep

POINT = {"optimiser.learning_rate": 0.01, "network.tau_mem": 20.0}


@pytest.fixture
def state(tmp_path):
    with State(tmp_path / FILE_NAME) as state:
        state.describe(file=sweep().to_values())
        yield state


def add(state, seeds=(0,), point=POINT):
    return state.add_trial(point, "random", [(s, None, f"seed_{s}", {"training": {"seed": s}}) for s in seeds])


def read(state):
    return SweepReader(state.path.parent)


def test_what_is_written_is_read(state):
    session = state.begin_session("here")
    number = add(state, seeds=(0, 1))
    first = state.claim("a")
    state.record_epoch(first, 1, {"epoch": 1, "validation_accuracy": 0.5})
    state.record_epoch(first, 2, {"epoch": 2, "validation_accuracy": 0.75})
    state.finish(first, COMPLETE, {"best": {"validation_accuracy": 0.75, "none": None}, "run": {"seconds": 3}})
    state.finish(state.claim("b"), FAILED, {}, "no memory")
    state.close_trial(number, FAILED, None, {"spikes_per_neuron": 3.0}, "no memory")
    state.track_time(session, 12.5)
    with read(state) as reader:
        (trial,) = reader.read_trials(epochs=True)
        assert (trial.number, trial.point, trial.origin, trial.status) == (1, POINT, "random", FAILED)
        assert (trial.objective, trial.limited, trial.error) == (None, {"spikes_per_neuron": 3.0}, "no memory")
        one, two = trial.runs
        assert (one.seed, one.fold, one.status, one.folder) == (0, None, COMPLETE, "trials/0001/seed_0")
        assert one.settings == {"training": {"seed": 0}}
        assert one.metrics == {"best": {"validation_accuracy": 0.75}, "run": {"seconds": 3.0}}
        assert (one.get_metric("validation_accuracy"), one.get_metric("seconds"), one.get_metric("x")) == (
            0.75,
            3.0,
            None,
        )
        assert [row["epoch"] for row in one.epochs] == [1, 2]
        assert [(a.worker, a.status) for a in one.attempts] == [("a", COMPLETE)]
        assert one.attempts[0].started <= one.attempts[0].ended
        assert (two.status, two.error) == (FAILED, "no memory")
        assert reader.read_curve("validation_accuracy", first) == [(1, 0.5), (2, 0.75)]
        assert reader.read_complete_curves("validation_accuracy", None) == [[(1, 0.5), (2, 0.75)]]
        assert reader.read_seconds() == 12.5
        assert reader.file == sweep()


def test_a_reader_sees_what_others_write_meanwhile(state):
    with read(state) as reader:
        assert reader.read_trials() == []
        add(state)
        assert len(reader.read_trials()) == 1
        assert reader.read_run(state.claim("a")).status == RUNNING


def test_attempts_are_counted_by_how_they_ended(state):
    state.begin_session("here")
    add(state, seeds=(0, 1, 2, 3))
    a, b, c = (state.claim(name) for name in "abc")
    state.put_back(a, LOST)
    state.put_back(b, INTERRUPTED)
    state.start_again(c, "d")
    assert [state.claim("e"), state.claim("e")] == [a, b]
    for run in (a, b, c):
        state.finish(run, COMPLETE, {})
    state.skip_waiting(1)
    with read(state) as reader:
        counts = reader.count_runs()
        assert [run.status for run in reader.read_runs()] == [COMPLETE, COMPLETE, COMPLETE, SKIPPED]
    assert (counts.started, counts.lost, counts.interrupted, counts.retried) == (6, 2, 1, 3)
    assert (counts.finished, counts.duplicated, counts.open, counts.skipped) == (3, 0, 0, 1)


def test_a_new_session_lets_runs_wait_again_that_were_under_way(state):
    state.begin_session("here")
    add(state, seeds=(0, 1))
    state.finish(state.claim("a"), COMPLETE, {})
    state.claim("a")
    state.begin_session("there")
    with read(state) as reader:
        assert [run.status for run in reader.read_runs()] == [COMPLETE, WAITING]
        assert [a.status for run in reader.read_runs() for a in run.attempts] == [COMPLETE, LOST]


def test_failed_runs_can_be_let_run_again(state):
    state.begin_session("here")
    for status in (FAILED, STOPPED):
        number = add(state, seeds=(0, 1))
        state.finish(state.claim("a"), status, {}, "why")
        state.skip_waiting(number)
        state.close_trial(number, status, None, {}, "why")
    assert state.reopen_failed() == 1
    with read(state) as reader:
        assert [t.status for t in reader.read_trials()] == [RUNNING, STOPPED]
        assert [run.status for run in reader.read_runs()] == [WAITING, WAITING, STOPPED, SKIPPED]


def test_what_was_stopped_for_a_failed_run_runs_again_with_it(state):
    state.begin_session("here")
    number = add(state, seeds=(0, 1, 2))
    failed, stopped = state.claim("a"), state.claim("b")
    state.finish(failed, FAILED, {}, "why")
    state.finish(stopped, STOPPED, {})
    state.skip_waiting(number)
    state.close_trial(number, FAILED, None, {}, "why")
    refused = state.add_trial({}, "grid", [])
    state.close_trial(refused, FAILED, None, {}, "cannot be")
    assert state.reopen_failed() == 1
    for run in (state.claim("a"), state.claim("a"), state.claim("a")):
        state.finish(run, COMPLETE, {})
    with read(state) as reader:
        assert [(t.status, t.error) for t in reader.read_trials()] == [(RUNNING, ""), (FAILED, "cannot be")]
        assert (reader.count_runs().retried, reader.count_runs().duplicated) == (2, 0)


def test_a_curve_leaves_out_what_is_not_finite(state):
    add(state)
    run = state.claim("a")
    for epoch, value in enumerate((0.5, float("nan"), 0.75), 1):
        state.record_epoch(run, epoch, {"epoch": epoch, "a": value, "b": float("inf")})
    state.finish(run, COMPLETE, {})
    with read(state) as reader:
        assert reader.read_complete_curves("a", None) == [[(1, 0.5), (3, 0.75)]]
        assert reader.read_curve("b", run) == []


def write_much(path, count, name):
    with State(path) as state:
        for _ in range(count):
            add(state)
        while (run := state.claim(name)) is not None:
            state.record_epoch(run, 1, {"epoch": 1, "by": name})
            state.finish(run, COMPLETE, {"best": {"validation_accuracy": 1.0}})


@pytest.mark.slow
def test_several_writers_neither_lose_nor_double_anything(state):
    writers = [FORK.Process(target=write_much, args=(state.path, 40, f"writer {k}")) for k in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    while (run := state.claim("me")) is not None:  # added after the others had looked
        state.finish(run, COMPLETE, {})
    with read(state) as reader:
        trials, counts = reader.read_trials(), reader.count_runs()
    assert [trial.number for trial in trials] == list(range(1, 121))
    assert (counts.started, counts.finished, counts.retried, counts.duplicated, counts.open) == (120, 120, 0, 0, 0)
    assert len({run.attempts[0].worker for trial in trials for run in trial.runs} - {"me"}) >= 2


def add_for_ever(path):
    with State(path) as state:
        while True:
            add(state, seeds=range(5))


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_whole_trials(state):
    writer = FORK.Process(target=add_for_ever, args=(state.path,))
    writer.start()
    with read(state) as reader:
        deadline = time.monotonic() + 30
        while len(reader.read_trials(runs=False)) < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        trials = reader.read_trials()
    assert len(trials) >= 10
    assert all(len(trial.runs) == 5 for trial in trials)
    add(state)  # no lock is left behind


def test_what_is_no_state_is_refused(tmp_path):
    file = tmp_path / FILE_NAME
    with pytest.raises(DataError, match="this is not the folder of a sweep"):
        SweepReader(tmp_path)
    file.write_bytes(b"something else entirely, and long enough to be looked at" * 20)
    with pytest.raises(Exception, match="state of a sweep|cannot open the state"):
        State(file)
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DataError, match="not a state of version 1"):
        State(file)


@pytest.mark.parametrize("version", [0, 1])
def test_a_database_of_something_else_stays_as_it_is(tmp_path, version):
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE addresses (name TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(DataError, match="the database of another program; choose another --out"):
        State(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
