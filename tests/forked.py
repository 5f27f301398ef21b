"""Commands in processes of their own that are there at once: forked from one that has the package imported.

What `python -m genn_shd.NAME` needs beyond that, its start and its imports, is tested where processes are started anew.
"""

from __future__ import annotations

import atexit
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from genn_shd.sweep.workers import processes

ROOT = Path(__file__).parents[1]
FORK = multiprocessing.get_context("forkserver")
"""Starts processes as the context "spawn" does, from a server of few locks and no threads."""

FORK.set_forkserver_preload(["genn_shd.train", "genn_shd.sweep.command", "tests.sweep.cheap", "dask_jobqueue"])


class Forked:
    """A command under way, with the methods of `subprocess.Popen`; it leads a group of its own.

    Parameters
    ----------
    module : whose `main` it calls.
    arguments : of the command.
    """

    def __init__(self, module: str, *arguments: object) -> None:
        self._said = [tempfile.NamedTemporaryFile() for _ in range(2)]  # noqa: SIM115
        names = [file.name for file in self._said]
        self._process = FORK.Process(target=_run, args=(module, [*map(str, arguments)], dict(os.environ), *names))
        self._process.start()
        self.pid = self._process.pid
        atexit.register(self.kill)

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    poll = returncode.fget

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        atexit.unregister(self.kill)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        self.wait(timeout)
        out, err = (Path(file.name).read_text(encoding="utf-8") for file in self._said)
        return out, err

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *error: object) -> None:
        self.wait()


def _run(module: str, arguments: list[str], environment: dict[str, str], out: str, err: str) -> None:
    os.setsid()
    os.environ.update(environment)
    for name, path in (("stdout", out), ("stderr", err)):
        setattr(sys, name, Path(path).open("w", encoding="utf-8"))  # noqa: SIM115
    os.chdir(ROOT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    fork_workers()
    sys.exit(importlib.import_module(module).main(arguments))


def fork_workers(set_attribute: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let worker processes of a sweep come from the server that this process came from."""
    if multiprocessing.parent_process() is not None:
        forkserver._forkserver.ensure_running = lambda: None
    set_attribute(processes, "_SPAWN", FORK)
