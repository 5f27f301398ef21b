"""A real Dask cluster on this machine: the same sweep, the same promises."""

import os
import sys

import pytest

from genn_shd import BackendError
from genn_shd.sweep import plan as plans
from genn_shd.sweep.workers.base import Ended, Job, Started
from tests.sweep import cheap
from tests.sweep.processes import check_nothing_lost_or_doubled, finish, fork, kill, reading, wait_until, write

dask = pytest.importorskip("dask", reason="dask is not installed")
distributed = pytest.importorskip("distributed", reason="distributed is not installed")
from genn_shd.sweep.workers import dask_cluster  # noqa: E402
from genn_shd.sweep.workers.dask_cluster import DaskCluster  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers of one thread each, in processes that come back when they are killed."""
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),  # which tests.forked has filled
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
    ):
        yield cluster


def pid_of(cluster, address):
    with distributed.Client(cluster, set_as_default=False) as client:
        return client.run(os.getpid, workers=[address])[address]


def test_a_sweep_runs_on_a_cluster_and_survives_a_killed_worker_and_a_killed_planner(tmp_path, cluster):
    tables = {"budget": {"trials": 8}, "settings": {"training.epochs": 12}}
    file, out = write(tmp_path / "dask.toml", "slow", **tables), tmp_path / "out"
    arguments = (file, "--out", out, "--scheduler", cluster.scheduler_address)
    process = fork(*arguments)
    with reading(out, process) as reader:
        wait_until(lambda: reader.count_runs().finished >= 1 and addresses(reader), process)
        kill(pid_of(cluster, addresses(reader)[0]))
        wait_until(lambda: reader.count_runs().finished >= 3 and addresses(reader), process)
        process.kill()
        process.communicate()
    finish(fork(*arguments))
    counts = check_nothing_lost_or_doubled(out, 8)
    assert counts.retried == counts.lost + counts.interrupted > 0


def addresses(reader):
    running = [a for run in reader.read_runs() for a in run.attempts if a.ended is None]
    return [attempt.worker for attempt in running if attempt.worker.startswith("tcp")]


def test_a_run_is_stopped_and_one_that_nobody_waits_for_ends_by_itself(tmp_path, cluster):
    plan = plans.make_plan(cheap.sweep("slow", settings={"training.epochs": 1000}))
    settings = plan.make_runs(plan.space.make_point([0.5, 0.5]))[0].settings
    job = Job(1, str(tmp_path / "trials" / "0001" / "seed_0"), plan.file.function, settings)
    with DaskCluster(cluster) as workers:
        assert workers.slots == 2
        workers.submit(job)
        until(workers, Started)
        workers.stop(1)
        assert until(workers, Ended)[-1].status == "interrupted"
        workers.submit(job)
        until(workers, Started)
    with DaskCluster(cluster) as workers:  # the one before is gone: its run ends, and leaves the folder
        statuses = []
        while not statuses or statuses[-1] == "busy":
            workers.submit(job)
            until(workers, Started)
            workers.stop(1)
            statuses.append(until(workers, Ended)[-1].status)
            assert len(statuses) < 100
    assert statuses[-1] == "interrupted"


def until(workers, kind):
    events = []
    while not any(isinstance(event, kind) for event in events):
        events += workers.collect_events(30)
        assert events
    return events


def test_nobody_there_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(dask_cluster, "_CONNECT_SECONDS", 0.5)
    with pytest.raises(
        BackendError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 .*start one with"
    ) as caught:
        DaskCluster("tcp://127.0.0.1:9")
    assert "\n" not in str(caught.value)
