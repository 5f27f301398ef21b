"""Commands in processes of their own that are there at once: forked from one that has the package imported.

What `python -m genn_shd.NAME` needs beyond that, its start and its imports, is tested where processes are started anew.
Matplotlib is not imported, so that it still reads its environment.
"""

from __future__ import annotations

import atexit
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from genn_shd.sweep.workers import processes

ROOT = Path(__file__).parents[1]
FORK = multiprocessing.get_context("forkserver")
"""Starts processes as the context "spawn" does, from a server without threads."""

FORK.set_forkserver_preload(["genn_shd.train", "genn_shd.sweep.command", "tests.sweep.cheap", "dask_jobqueue"])


class Forked:
    """A command under way, with the methods of `subprocess.Popen`; it leads a group of its own.

    Parameters
    ----------
    main : called with the arguments; what it returns is the exit code.
    arguments : of the command.
    environment : variables beside those of this process.
    """

    def __init__(self, main: Callable[[list[str]], Any], *arguments: object, environment: Mapping[str, str] = {}):
        self._said = [tempfile.NamedTemporaryFile() for _ in range(2)]  # noqa: SIM115
        names = [file.name for file in self._said]
        variables = {**os.environ, **environment}
        self._process = FORK.Process(target=_run, args=(main, [*map(str, arguments)], variables, *names))
        self._process.start()
        self.pid = self._process.pid
        atexit.register(self.kill)

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

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


def _run(main: Callable[[list[str]], Any], arguments: list[str], variables: dict[str, str], out: str, err: str) -> None:
    os.setsid()
    os.environ.update(variables)
    for name, path in (("stdout", out), ("stderr", err)):
        setattr(sys, name, Path(path).open("w", encoding="utf-8"))  # noqa: SIM115
    os.chdir(ROOT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    fork_workers()
    sys.exit(main(arguments))


def fork_workers(set_attribute: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let worker processes of a sweep come from the server that this process came from."""
    if multiprocessing.parent_process() is not None:
        forkserver._forkserver.ensure_running = lambda: None
    set_attribute(processes, "_SPAWN", FORK)


class Piped:
    """A command that reads and writes bytes, as `subprocess.Popen` with three pipes starts it."""

    def __init__(self, main: Callable[[], int]) -> None:
        (their_in, our_in), (our_out, their_out), (our_err, their_err) = (FORK.Pipe(duplex=False) for _ in range(3))
        self.stdin, self.stdout, self.stderr = _file(our_in, "wb"), _file(our_out, "rb"), _file(our_err, "rb")
        theirs = (their_in, their_out, their_err)
        self._process = FORK.Process(target=_run_piped, args=(main, *theirs), daemon=True)
        self._process.start()
        for end in theirs:
            end.close()

    def kill(self) -> None:
        self._process.kill()

    def __enter__(self) -> Piped:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.join()
        for file in (self.stdin, self.stdout, self.stderr):
            file.close()


def _file(end: Connection, mode: str) -> IO[bytes]:
    file = os.fdopen(os.dup(end.fileno()), mode)
    end.close()
    return file


def _run_piped(main: Callable[[], int], *ends: Connection) -> None:
    for name, end, mode in zip(("stdin", "stdout", "stderr"), ends, ("rb", "wb", "wb"), strict=True):
        setattr(sys, name, io.TextIOWrapper(_file(end, mode)))
    sys.exit(main())
