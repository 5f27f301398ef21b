"""What holds for a whole test session: code is compiled quickly, once, and kept for the next session.

Tests of a kind of neuron or connection in the exact scheme, whose code takes seconds to compile, are marked
`cflags("-Og")`: half the time, and no vectors, which one or two tests of each kind ask for again. Tests that look at
speed or at what the compiler reports ask for the flags of users with the fixture `full_optimisation`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from genn_shd.backends.genn.toolchain import FLAGS
from genn_shd.toolchain import compiler

CACHE = Path(__file__).parents[1] / "build" / "tests"
# GeNN puts these before every file that it generates, and reading them takes most of the time of a build.
_GENN_HEADERS = ("algorithm", "chrono", "iostream", "random", "cassert", "cmath", "cstdint", "cstring")


def pytest_configure(config: pytest.Config) -> None:
    """Set the environment, which workers and the commands that tests start inherit."""
    os.environ.setdefault("GENN_SHD_CACHE", str(CACHE))
    os.environ.setdefault("GENN_SHD_CFLAGS", "-O1")
    os.environ.setdefault("GENN_SHD_CXXFLAGS", "-Og")
    # Commands that tests start would compile the package's own modules anew, hundreds of times.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if not hasattr(config, "workerinput") and importlib.util.find_spec("pygenn") and "CXX" not in os.environ:
        _precompile_headers(Path(os.environ["GENN_SHD_CACHE"]) / "headers")


def _precompile_headers(folder: Path) -> None:
    """Name a compiler in CXX that finds GeNN's headers read already. Where that fails it reads them as ever."""
    command = shutil.which("g++")
    if command is None:
        return
    said = subprocess.run([command, "--version"], capture_output=True, text=True).stdout
    own = os.environ["GENN_SHD_CXXFLAGS"]
    header = folder / f"genn_{hashlib.sha256((said + own).encode()).hexdigest()[:8]}.h"
    precompiled = header.with_suffix(".h.gch")
    if not precompiled.exists():
        folder.mkdir(parents=True, exist_ok=True)
        header.write_text("".join(f"#include <{name}>\n" for name in _GENN_HEADERS), encoding="ascii")
        half = precompiled.with_suffix(f".{os.getpid()}")
        flags = [*FLAGS, *shlex.split(own), "-fPIC", "-std=c++11", "-x", "c++-header"]
        if subprocess.run([command, *flags, "-o", str(half), str(header)], capture_output=True).returncode == 0:
            half.replace(precompiled)
    os.environ["CXX"] = f"{command} -include {header}"


@pytest.fixture(autouse=True)
def _marked_flags(request: pytest.FixtureRequest):
    """Code is compiled with the flags of the nearest mark `cflags`."""
    mark = request.node.get_closest_marker("cflags")
    if mark is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENN_SHD_CFLAGS", *mark.args)
        compiler.find_compiler.cache_clear()
        yield
    compiler.find_compiler.cache_clear()


@pytest.fixture
def full_optimisation(monkeypatch: pytest.MonkeyPatch):
    """Code is compiled as it is for users."""
    monkeypatch.delenv("GENN_SHD_CFLAGS")
    compiler.find_compiler.cache_clear()
    yield
    compiler.find_compiler.cache_clear()
