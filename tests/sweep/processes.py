"""Sweeps in processes of their own, to be looked at from outside and killed."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import tomli_w

from genn_shd import SweepReader
from genn_shd.sweep import command
from genn_shd.sweep.state import FILE_NAME
from tests.forked import Forked
from tests.sweep.cheap import executed, sweep

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0


def write(path, function, **tables):
    """A sweep file on disk."""
    path.write_text(tomli_w.dumps(sweep(function, **tables).to_values()))
    return path


def start(*arguments):
    """The command in a process of its own, with a group of its own."""
    words = [sys.executable, "-m", "genn_shd.sweep", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen(words, start_new_session=True, **pipes)


def fork(*arguments):
    """The command as `start` runs it, there at once: nothing is started or imported."""
    return Forked(command.main, *arguments)


def finish(process, code=0):
    """Wait for the command; returns what it said."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == code, err
    return out, err


@contextmanager
def reading(folder, process=None):
    """The state of a sweep, once there is one."""
    wait_until(lambda: (folder / FILE_NAME).exists(), process)
    time.sleep(0.05)
    wait_until(lambda: _has_sweep(folder), process)
    with SweepReader(folder) as reader:
        yield reader


def _has_sweep(folder):
    try:
        SweepReader(folder).close()
    except Exception:  # not described yet
        return False
    return True


def wait_until(condition, process=None):
    """Poll until something holds; fails where the command ends or time does before that. Looking takes milliseconds of
    a processor, and what is waited for tenths of a second."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def workers(reader):
    """Process ids of workers that have a run now."""
    running = [
        a for run in reader.read_runs() for a in run.attempts if a.ended is None and a.worker.startswith("process")
    ]
    return [int(attempt.worker.split()[1]) for attempt in running]


def is_alive(pid):
    """Whether a process is there, and not only to be buried."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def kill(pid):
    os.kill(pid, 9)
    wait_until(lambda: not is_alive(pid))


def check_nothing_lost_or_doubled(folder, runs):
    """That every run came to its end, and each of them once."""
    with SweepReader(folder) as reader:
        counts, found = reader.count_runs(), reader.read_runs()
    assert len(found) == counts.finished == runs
    assert sorted(executed(folder)) == sorted(run.folder for run in found)
    assert (counts.duplicated, counts.open) == (0, 0)
    return counts
