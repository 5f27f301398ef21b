"""WebAssembly from C, by Zig's compiler, without a C library: Zig would compile the library first, for half a minute.

Functions of mathematics are instructions of WebAssembly, or `Math` of JavaScript, which a module imports.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ..errors import BackendError
from .cache import is_intact, make_cache_folder, name_checksum_file, seal

FLAGS = (
    *("-target", "wasm32-freestanding", "-nostdlib", "-mcpu=generic+simd128+bulk_memory", "-isystem", "."),
    *("-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-w"),
    *("-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=1048576"),
)
HEADERS = {
    "math.h": """
        #define IMPORTED(name) __attribute__((import_module("Math"), import_name(#name))) double name
        IMPORTED(exp)(double);
        IMPORTED(log)(double);
        IMPORTED(sin)(double);
        IMPORTED(cos)(double);
        IMPORTED(atan2)(double, double);
        #define INFINITY __builtin_inff()
        #define copysign __builtin_copysign
        #define fabs __builtin_fabs
        #define fabsf __builtin_fabsf
        #define floor __builtin_floor
        #define floorf __builtin_floorf
        #define sqrt __builtin_sqrt
        #define sqrtf __builtin_sqrtf
    """,
    "string.h": """
        #define memcpy __builtin_memcpy
        #define memset __builtin_memset
    """,
}
"""Headers of the C library, with what generated code needs of them."""


@cache
def find_zig() -> tuple[str, ...]:
    """The command of Zig's C compiler: of the `ziglang` package, else of `zig` on the PATH.

    Raises
    ------
    BackendError
        There is neither.
    """
    if importlib.util.find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang", "cc")
    if program := shutil.which("zig"):
        return (program, "cc")
    raise BackendError("WebAssembly is compiled by Zig, which is not there; pip install ziglang.")


def compile_webassembly(sources: Mapping[str, str]) -> bytes:
    """Compile C into a WebAssembly module, or take it from the cache.

    Flags in the environment variable GENN_SHD_WASM_FLAGS are added at the end, so that they take precedence.

    Parameters
    ----------
    sources : name of a file -> its text. Files that end in `.c` are compiled, all can be included. Functions with
        `__attribute__((export_name(...)))` are what the module offers.

    Raises
    ------
    BackendError
        There is no Zig, or it refuses the code.
    """
    command = (*find_zig(), *FLAGS, *shlex.split(os.environ.get("GENN_SHD_WASM_FLAGS", "")))
    files = {**HEADERS, **sources}
    key = "\0".join([*command, *(part for file in files.items() for part in file)])
    kept = make_cache_folder("webassembly") / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.wasm"
    if not is_intact(kept):
        _compile(command, files, kept)
    return kept.read_bytes()


def _compile(command: tuple[str, ...], files: Mapping[str, str], kept: Path) -> None:
    """Compile beside the final place and rename: another process sees the whole module or none."""
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="build-") as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        words = [*command, "-o", kept.name, *(name for name in files if name.endswith(".c"))]
        result = subprocess.run(words, cwd=folder, capture_output=True, encoding="utf-8", errors="replace")
        if result.returncode != 0:
            errors = [line for line in result.stderr.splitlines() if "error" in line] or [result.stderr.strip()[:500]]
            raise BackendError(f"Zig refused the code of the page: {errors[0]}")
        built = Path(folder) / kept.name
        seal(built)
        name_checksum_file(built).replace(name_checksum_file(kept))
        built.replace(kept)
