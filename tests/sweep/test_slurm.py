"""What would be submitted to Slurm, and a sweep on a stand-in for it that runs what it is given."""

import os
import sys

import pytest

from genn_shd.sweep.command import main
from genn_shd.sweep.workers.slurm import read
from tests.sweep.processes import check_nothing_lost_or_doubled, finish, fork, write

pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")

SLURM = """
jobs = 2
runs_per_job = 2
cores = 8
memory = "16GB"
hours = 1.5
partition = "gpu"
account = "neuro"
directives = ["--gres=gpu:1"]
before = ["module load cuda"]
"""


@pytest.fixture
def slurm(tmp_path):
    path = tmp_path / "slurm.toml"
    path.write_text(SLURM)
    return path


def test_the_job_script_asks_for_what_the_file_says(tmp_path, slurm, capsys):
    assert main([str(write(tmp_path / "s.toml", "quick")), "--slurm", str(slurm), "--job-script"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("#!")
    for directive in ("-p gpu", "-A neuro", "-n 1", "--cpus-per-task=8", "--mem=15G", "-t 01:30:00", "--gres=gpu:1"):
        assert f"#SBATCH {directive}" in lines
    assert "module load cuda" in lines
    (worker,) = (line for line in lines if "distributed.cli.dask_worker" in line)
    assert worker.startswith(sys.executable)
    assert "--nthreads 2" in worker and "tcp://" in worker
    assert lines.index("module load cuda") < lines.index(worker)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("job = 2", "job is unknown. Did you mean 'jobs'?"),
        ("jobs = 0", "jobs = 0 is not allowed: it must be a whole number >= 1"),
        ('hours = "two"', "hours = 'two' is not allowed: it must be a number > 0"),
        ("hours = 1e300", "hours = 1e+300 is not allowed: it must be a number > 0 and <= 87600"),
        ('time = "soon"', "time is unknown"),
        ("gpus = -1", "gpus is unknown"),
        ('memory = "lots"', "memory = 'lots' is not allowed: give a number and a unit"),
        ('memory = "-4GB"', "memory = '-4GB' is not allowed"),
        ('memory = "0GB"', "memory = '0GB' is not allowed"),
        ('partition = "gpu; rm -rf"', "partition = 'gpu; rm -rf' is not allowed: give letters, digits"),
        ('partition = "gpu\\n#SBATCH -A other"', "is not allowed: give letters, digits"),
        ('account = ""', "account = '' is not allowed"),
        ('directives = ["--gres=gpu:-1"]', "'--gres=gpu:-1' is not allowed: --gres must not be negative"),
        ('directives = ["--gpus=-1"]', "'--gpus=-1' is not allowed: --gpus must not be negative"),
        ('directives = "gres=gpu:1"', "directives: 'gres=gpu:1' is not allowed: give one option of sbatch each"),
    ],
)
def test_mistakes_in_the_file_are_named_in_one_line(tmp_path, slurm, capsys, text, message):
    slurm.write_text(text)
    assert main([str(write(tmp_path / "s.toml", "quick")), "--slurm", str(slurm), "--job-script"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(slurm) in line and message in line


def test_without_slurm_it_is_said_so(tmp_path, slurm, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([str(write(tmp_path / "s.toml", "quick")), "--slurm", str(slurm), "--out", str(tmp_path / "out")]) == 2
    assert "Slurm is not installed" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.slow
def test_a_sweep_runs_on_jobs_that_are_submitted_and_cancels_them_when_it_is_done(tmp_path, slurm, monkeypatch):
    """`sbatch` here starts the script at once, `scancel` ends it."""
    tools = tmp_path / "bin"
    tools.mkdir()
    log, script = tmp_path / "job.log", tmp_path / "script"
    for name, text in {
        "sbatch": f'cp "$1" {script}; setsid bash {script} >{log} 2>&1 & echo "Submitted batch job $!"',
        "scancel": f'echo "$1" >> {tmp_path}/cancelled; kill -- "-$1"',
    }.items():
        (tools / name).write_text(f"#!/bin/bash\n{text}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    slurm.write_text('jobs = 1\nruns_per_job = 2\nmemory = "1GB"\n')
    file, out = (
        write(tmp_path / "s.toml", "slow", budget={"trials": 4}, settings={"training.epochs": 3}),
        tmp_path / "out",
    )
    _, err = finish(fork(file, "--out", out, "--slurm", slurm))
    assert "1 Slurm jobs, 2 runs each" in err
    assert check_nothing_lost_or_doubled(out, 4).started == 4
    assert "--nthreads 2" in script.read_text()
    assert len((tmp_path / "cancelled").read_text().split()) == 1


def test_a_mistake_is_found_before_the_sweep_begins(tmp_path, slurm, capsys):
    slurm.write_text('memory = "lots"')
    out = tmp_path / "out"
    assert main([str(write(tmp_path / "s.toml", "quick")), "--slurm", str(slurm), "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "memory = 'lots'" in line and not out.exists()


@pytest.mark.parametrize("memory", ["4GB", "16G", "500MiB", "1.5 TB", "4096"])
def test_sizes_that_dask_reads_are_allowed(slurm, memory):
    from dask.utils import parse_bytes

    slurm.write_text(f'memory = "{memory}"')
    assert parse_bytes(read(slurm).memory) > 0
