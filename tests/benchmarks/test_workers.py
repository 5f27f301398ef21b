"""Workers of a benchmark end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

START = """
import os, time
from benchmarks.workers import start_processes
pool = start_processes(1)
print(pool.submit(os.getpid).result(), flush=True)
pool.submit(time.sleep, 600).result()
"""


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_workers_of_a_benchmark_that_was_killed_end():
    benchmark = subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, text=True)
    with benchmark:
        worker = int(benchmark.stdout.readline())
        assert _runs(worker)
        benchmark.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while (left := _runs(worker)) and time.monotonic() < deadline:
        time.sleep(0.02)
    if left:
        os.kill(worker, signal.SIGKILL)
    assert not left
