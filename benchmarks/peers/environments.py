"""Virtual environments, one for each program, from the package registry that pip is set up for."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.peers.programs import Program

MADE = "made.json"


class NotInstalled(Exception):
    """The reason why a program cannot run here."""


def find_python(program: Program, folder: Path, seconds: float) -> Path:
    """Return the Python that has the program, after making its environment where that is not there.

    Parameters
    ----------
    program : without packages it is that of this process.
    folder : of all environments.
    seconds : limit of an installation.
    """
    if not program.packages:
        if find_spec(program.module) is None:
            raise NotInstalled(f"{program.module} is not installed")
        return Path(sys.executable)
    home = folder / program.adapter
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not _is_made(home, program):
        _make(home, python, program, seconds)
    return python


def _is_made(home: Path, program: Program) -> bool:
    made = home / MADE
    return made.exists() and json.loads(made.read_text(encoding="utf-8")) == list(program.packages)


def _make(home: Path, python: Path, program: Program, seconds: float) -> None:
    print(f"  {program.name}: installing {' '.join(program.packages)} into {home}", flush=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *program.packages]
    for command in ([sys.executable, "-m", "venv", "--clear", str(home)], install):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotInstalled(f"could not be installed: {type(error).__name__}") from error
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or ["pip failed"]
            raise NotInstalled(f"could not be installed: {lines[0]}")
    (home / MADE).write_text(json.dumps(program.packages), encoding="utf-8")
