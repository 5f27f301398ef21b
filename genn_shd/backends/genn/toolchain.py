"""Find compilers for GeNN's code, and their flags."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import BackendError

# GeNN itself offers only no optimisation, or -ffast-math, which breaks infinities and reorders sums.
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast")
_CANDIDATES = ("g++", "clang++", "c++")


@functools.cache
def find_cpu_compiler() -> tuple[str, str]:
    """Find the C++ compiler (CXX, else g++, clang++, c++); return its command with flags, for make, and its version.

    Flags in the environment variable GENN_SHD_CXXFLAGS are added at the end, so that they take precedence.
    """
    named = os.environ.get("CXX")
    for command in [named] if named else _CANDIDATES:
        if command and shutil.which(shlex.split(command)[0]):
            words = [*shlex.split(command), "--version"]
            said = subprocess.run(words, capture_output=True, encoding="utf-8", errors="replace", timeout=60).stdout
            flags = [*FLAGS, *shlex.split(os.environ.get("GENN_SHD_CXXFLAGS", ""))]
            return shlex.join([*shlex.split(command), *flags]), (said.splitlines() or ["unknown version"])[0]
    if named:
        raise BackendError(f"CXX={named!r} does not run; set CXX to a C++ compiler, or unset it")
    raise BackendError(f"no C++ compiler is found (looked for {', '.join(_CANDIDATES)}); install one")


def find_cuda_compiler(target: str) -> tuple[str, ...]:
    """Find the compiler for a GPU; return its command and version."""
    root = Path(os.environ.get("CUDA_PATH" if target == "cuda" else "HIP_PATH", ""))
    command = root / "bin" / ("nvcc" if target == "cuda" else "hipcc")
    try:
        said = subprocess.run(
            [command, "--version"], capture_output=True, encoding="utf-8", errors="replace", timeout=60
        ).stdout
    except OSError:
        raise BackendError(
            f"{command} does not run; set {'CUDA_PATH' if target == 'cuda' else 'HIP_PATH'} to the toolkit's folder."
        ) from None
    return str(command), " ".join(said.split())


@contextmanager
def set_cpu_flags(target: str) -> Iterator[None]:
    """Set CXX to the compiler with flags within a `with` block, the only way to pass flags to GeNN's makefiles.

    Code for a GPU is optimised by default.
    """
    if target != "single_threaded_cpu":
        yield
        return
    before = os.environ.get("CXX")
    os.environ["CXX"] = find_cpu_compiler()[0]
    try:
        yield
    finally:
        if before is None:
            del os.environ["CXX"]
        else:
            os.environ["CXX"] = before
