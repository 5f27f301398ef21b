"""What holds for a whole test session: code is compiled quickly, once, and kept for the next session.

Tests of small networks compile without optimisation, in a fifth of the time that vectors take, and those of commands
with little of it. One or two tests of each kind of neuron, connection and loss ask for vectors again, with the mark
`cflags(VECTORS)` or, for a part of a test, `compiler_flags`. Tests that look at rounding or at what the compiler
reports ask for the flags of users with the fixture `full_optimisation`. Sound takes long without vectors.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from genn_shd.backends.genn.toolchain import FLAGS
from tests.compiler_flags import BRIEF, QUICK, VECTORS, compiler_flags

CACHE = Path(__file__).parents[1] / "build" / "tests"
SMALL_NETWORKS = {"backends", "eventprop", "exporters", "interop", "network", "training"}
SOUND = {"auditory", "datasets", "speech"}
# GeNN puts these before every file that it generates, and reading them takes most of the time of a build.
_GENN_HEADERS = ("algorithm", "chrono", "iostream", "random", "cassert", "cmath", "cstdint", "cstring")


def pytest_configure(config: pytest.Config) -> None:
    """Set the environment, which workers and the commands that tests start inherit."""
    os.environ.setdefault("GENN_SHD_CACHE", str(CACHE))
    os.environ.setdefault("GENN_SHD_CFLAGS", BRIEF)
    os.environ.setdefault("GENN_SHD_CXXFLAGS", "-O0")
    os.environ.setdefault("GENN_SHD_WASM_FLAGS", "-O1")
    # Commands that tests start would compile the package's own modules anew, hundreds of times.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # Looking for cycles among the objects of all modules takes a fifth of the time of tests that draw.
    gc.set_threshold(50_000, 20, 20)
    if not hasattr(config, "workerinput") and importlib.util.find_spec("pygenn") and "CXX" not in os.environ:
        _precompile_headers(Path(os.environ["GENN_SHD_CACHE"]) / "headers")


def pytest_collection_finish() -> None:
    """Look for cycles among what tests make, not among modules and tests."""
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: some tests wait for processes, and a core would wait with them."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give modules the mark of their folder's flags, after their own."""
    modules = {item.getparent(pytest.Module) for item in items}
    for module in modules - {None}:
        if module.path.parent.name in SMALL_NETWORKS:
            module.add_marker(pytest.mark.cflags(QUICK))
        elif module.path.parent.name in SOUND:
            module.add_marker(pytest.mark.cflags(VECTORS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """Compile with the flags of the nearest mark `cflags`: what a test needs for several tests, too."""
    mark = item.get_closest_marker("cflags")
    with compiler_flags(*mark.args) if mark else nullcontext():
        return (yield)


@pytest.fixture
def full_optimisation():
    """Code is compiled as it is for users."""
    with compiler_flags(""):
        yield
