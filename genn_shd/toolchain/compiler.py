"""Find a C compiler, and compile source code to a shared library, which is cached by content."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import BackendError
from .cache import describe_processor, is_intact, make_cache_folder, name_checksum_file, seal
from .source import CSource

# Reassociation is allowed only where the source requests it, so results depend only on source, compiler and flags.
FLAGS = (
    "-O3",
    "-march=native",
    "-std=gnu11",
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fopenmp-simd",
)
# GCC 12 does not vectorise a marked loop if it splits the loop around it, and loads contiguous numbers one by one if it
# unrolls and jams loops over rows of weights.
_GCC_FLAGS: tuple[str, ...] = ("-fno-loop-unroll-and-jam", "-fno-split-loops")
if platform.machine() in ("x86_64", "AMD64"):
    _GCC_FLAGS += ("-mprefer-vector-width=512",)
_CANDIDATES = ("gcc", "clang", "cc")
_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


@dataclass(frozen=True)
class Compiler:
    """A C compiler: its command, description and flags."""

    command: tuple[str, ...]
    version: str
    flags: tuple[str, ...]

    @property
    def description(self) -> str:
        return f"{shlex.join(self.command)} ({self.version})"


@functools.cache
def find_compiler() -> Compiler:
    """Return the compiler in the environment variable CC, else GCC, Clang, cc, or Zig's from the package `ziglang`.

    Flags in the environment variable GENN_SHD_CFLAGS are added at the end, so that they take precedence.

    Raises
    ------
    BackendError
        There is no compiler, or the command in CC does not run.
    """
    if os.environ.get("CC"):
        compiler = _try(tuple(shlex.split(os.environ["CC"])))
        if compiler is None:
            raise BackendError(f"CC={os.environ['CC']!r} does not run; set CC to a C compiler, or unset it.")
        return compiler
    for name in _CANDIDATES:
        if shutil.which(name) and (compiler := _try((name,))):
            return compiler
    if importlib.util.find_spec("ziglang") and (compiler := _try((sys.executable, "-m", "ziglang", "cc"))):
        return compiler
    raise BackendError(
        f"no C compiler found: looked for {', '.join(_CANDIDATES)} and the ziglang package; install any of them, "
        "for example with: pip install ziglang"
    )


def _try(command: tuple[str, ...]) -> Compiler | None:
    try:
        said = _read_version(command, os.environ.get("PATH"))
    except (OSError, subprocess.SubprocessError):
        return None
    version = said.splitlines()[0].strip() if said else "unknown version"
    flags = FLAGS if "clang" in said.lower() else FLAGS + _GCC_FLAGS
    return Compiler(command, version, (*flags, *shlex.split(os.environ.get("GENN_SHD_CFLAGS", ""))))


@functools.cache
def _read_version(command: tuple[str, ...], path: str | None) -> str:
    """Return what a compiler on this PATH says of its version."""
    return subprocess.run(
        [*command, "--version"], capture_output=True, encoding="utf-8", errors="replace", check=True, timeout=120
    ).stdout


def compile_source(source: str | CSource) -> Path:
    """Return the shared library of C code, from the cache or compiled; several processes may call this at once.

    A library in the cache that is damaged or belongs to another user is compiled again.
    """
    compiler = find_compiler()
    source = source if isinstance(source, CSource) else CSource(source, str)
    key = "\0".join([source.code, compiler.description, *compiler.flags, describe_processor()])
    folder = make_cache_folder("native")
    library = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}{_SUFFIX}"
    if not is_intact(library):
        _compile(compiler, source, library)
    return library


def _compile(compiler: Compiler, source: CSource, library: Path) -> None:
    """Compile to a temporary file and rename it, so that other processes only see a complete library.

    The code is laid out for readers alone: with a debugger, or of the compiler's message.
    """
    try:
        with tempfile.TemporaryDirectory(dir=library.parent, prefix="build-") as folder:
            built = Path(folder) / library.name
            is_debugged = any(flag.startswith("-g") for flag in compiler.flags)
            if _run(compiler, source.text if is_debugged else source.code, built).returncode != 0:
                kept = library.with_suffix(".failed.c")
                kept.write_text(source.text, encoding="utf-8")
                raise BackendError(_describe_failure(_run(compiler, source.text, built).stderr, compiler, kept))
            seal(built)
            name_checksum_file(built).replace(name_checksum_file(library))
            built.replace(library)
    except OSError as error:
        raise BackendError(f"cannot compile into {library.parent}: {error.strerror}.") from None


def _run(compiler: Compiler, text: str, built: Path) -> subprocess.CompletedProcess[str]:
    path = built.with_name("network.c")
    path.write_text(text, encoding="utf-8")
    command = [*compiler.command, *compiler.flags, "-o", str(built), str(path), "-lm"]
    return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")


def _describe_failure(stderr: str, compiler: Compiler, source: Path) -> str:
    errors = [line for line in stderr.splitlines() if "error" in line] or stderr.splitlines() or ["no message"]
    return f"{compiler.description} refused the generated code: {errors[0].strip()} (source kept in {source})"
