"""Workers and planners that are killed: at most what ran is lost, it is retried, and nothing is done twice."""

import os
import signal
import sys
import time

import pytest

from genn_shd.sweep import plan as plans
from genn_shd.sweep.command import main
from genn_shd.sweep.records import FAILED
from genn_shd.sweep.workers.base import Ended, Job, Lost, Started
from genn_shd.sweep.workers.processes import Processes, share_threads
from tests import forked
from tests.sweep import cheap
from tests.sweep.processes import (
    ROOT,
    check_nothing_lost_or_doubled,
    finish,
    fork,
    is_alive,
    kill,
    reading,
    start,
    wait_until,
    workers,
    write,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]


@pytest.fixture
def forked_workers(monkeypatch):
    """Workers are there at once."""
    forked.fork_workers(monkeypatch.setattr)


def sweep_of(tmp_path, trials=10, epochs=12, **tables):
    """A file of `trials` runs of 20 ms an epoch, and its folder."""
    tables = {"budget": {"trials": trials}, "settings": {"training.epochs": epochs}} | tables
    return write(tmp_path / "kills.toml", "slow", **tables), tmp_path / "out"


def test_a_worker_that_is_killed_loses_its_run_which_is_retried(tmp_path):
    file, out = sweep_of(tmp_path)
    process = fork(file, "--out", out, "--workers", 2)
    with reading(out, process) as reader:
        for finished in (1, 4):
            wait_until(lambda n=finished: reader.count_runs().finished >= n and workers(reader), process)
            kill(workers(reader)[0])
    _, err = finish(process)
    counts = check_nothing_lost_or_doubled(out, 10)
    # A worker that was killed just after its run had ended had nothing to lose.
    assert counts.lost == counts.retried == counts.started - 10 == err.count("it is repeated")
    assert 1 <= counts.lost <= 2


def test_a_planner_that_is_killed_takes_its_workers_along_and_the_same_command_goes_on(tmp_path):
    file, out = sweep_of(tmp_path)
    killed = 0
    for finished in (2, 5):
        process = fork(file, "--out", out, "--workers", 2)
        with reading(out, process) as reader:
            wait_until(lambda r=reader, n=finished: r.count_runs().finished >= n and len(workers(r)) == 2, process)
            pids = workers(reader)
            process.kill()
            process.communicate()
            wait_until(lambda p=pids: not any(map(is_alive, p)))
            killed += len(workers(reader))
    finish(fork(file, "--out", out, "--workers", 2))
    counts = check_nothing_lost_or_doubled(out, 10)
    assert counts.lost <= killed  # those that had ended unheard are not run again, but they were given out again
    assert counts.started == 10 + counts.retried
    assert counts.lost == counts.retried > 0


def test_a_signal_lets_runs_end_where_they_can_go_on(tmp_path):
    file, out = sweep_of(tmp_path, trials=4, epochs=30)
    process = start(file, "--out", out, "--workers", 2)
    with reading(out, process) as reader:
        wait_until(lambda: reader.count_runs().finished >= 1 and len(workers(reader)) == 2, process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: planner and workers
        _, err = finish(process, code=130)
        assert err.splitlines()[-1] == (f"stopped; to resume: python -m genn_shd.sweep {file} --out {out} --workers 2")
        assert "Traceback" not in err
        interrupted = reader.count_runs().interrupted
        assert interrupted <= 2
        assert not workers(reader)
    finish(fork(file, "--out", out, "--workers", 2))
    counts = check_nothing_lost_or_doubled(out, 4)
    assert (counts.lost, counts.retried) == (0, interrupted)


def test_a_run_whose_workers_keep_dying_is_given_up(tmp_path):
    file, out = write(tmp_path / "kills.toml", "killing", budget={"trials": 1}), tmp_path / "out"
    finish(fork(file, "--out", out, "--workers", 1))
    with reading(out) as reader:
        (trial,) = reader.read_trials()
        counts = reader.count_runs()
    assert (trial.status, counts.started, counts.lost, counts.finished) == (FAILED, 3, 3, 1)
    assert "its worker died (exit code -9), 3 times; is there enough memory?" in trial.error


def test_a_second_planner_is_refused_and_anyone_may_look(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    file, out = sweep_of(tmp_path, trials=1, epochs=120)
    process = fork(file, "--out", out, "--workers", 1)
    with reading(out, process) as reader:
        wait_until(lambda: workers(reader), process)
        assert main([str(file), "--out", str(out)]) == 2
        assert "this sweep is already running; show its status with --status" in capsys.readouterr().err
        assert main([str(out), "--status"]) == 0
        looked = capsys.readouterr().out
        assert "\nactive\n" in looked and "seed_0: epoch " in looked and "s on process" in looked
    finish(process)
    check_nothing_lost_or_doubled(out, 1)


def test_a_result_that_nobody_heard_is_read_and_not_made_again(tmp_path, forked_workers):
    job = job_of("quick", 1, tmp_path)
    ended = []
    with Processes(1, 1) as pool:
        for _ in range(2):
            pool.submit(job)
            ended.append(until(pool, Ended)[-1])
    assert ended[0] == ended[1]
    assert len(cheap.executed(tmp_path)) == 1


def test_workers_die_with_the_pool_and_threads_are_shared_fairly(tmp_path, forked_workers):
    with Processes(2, 1) as pool:
        pids = [worker.process.pid for worker in pool._workers]
        assert all(map(is_alive, pids))
    assert not any(map(is_alive, pids))
    assert [share_threads(n, 8) for n in (1, 2, 3, 8, 16)] == [8, 4, 2, 1, 1]


def test_events_of_a_killed_worker_end_with_its_loss(tmp_path, forked_workers):
    with Processes(1, 1) as pool:
        pool.submit(job_of("slow", 7, tmp_path, {"training.epochs": 500}))
        until(pool, Started)
        kill(pool._workers[0].process.pid)
        assert until(pool, Lost)[-1] == Lost(7, "its worker died (exit code -9)")
        pool.submit(job_of("quick", 8, tmp_path))
        last = until(pool, Ended)[-1]
        assert (last.run, last.status) == (8, "complete")


def job_of(function, run, folder, settings=None):
    plan = plans.make_plan(cheap.sweep(function, settings=settings or {}))
    configuration = plan.make_runs(plan.space.make_point([0.5, 0.5]))[0].settings
    return Job(run, str(folder / "trials" / f"{run:04d}" / "seed_0"), plan.file.function, configuration, 1)


def until(pool, kind):
    """Events up to the first of a kind."""
    events, deadline = [], time.monotonic() + 60
    while not any(isinstance(event, kind) for event in events):
        assert time.monotonic() < deadline
        events += pool.collect_events(1.0)
    return events
