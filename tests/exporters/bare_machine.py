"""An exported C library on a machine without an operating system, which Zig compiles for and QEMU imitates.

A machine with a C library would take a minute: Zig compiles the C library first.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from genn_shd import SpikeTrains
from genn_shd.exporters.c import CLibrary
from genn_shd.toolchain.webassembly import find_zig

EMULATORS = {"arm-freestanding-eabihf": "qemu-arm", "riscv32-freestanding": "qemu-riscv32"}
"""Target of Zig's compiler -> the program that runs its code (Debian's package qemu-user)."""

_FLAGS = ("-std=c99", "-O2", "-static", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
# What a library needs of the headers that such a machine lacks; the functions are part of the compiler.
_HEADERS = {
    "math.h": """
        float expf(float), fabsf(float), floorf(float), sqrtf(float);
        double exp(double), fabs(double), floor(double), sqrt(double);
    """,
    "string.h": """
        #include <stddef.h>
        void *memcpy(void *restrict, const void *restrict, size_t), *memset(void *, int, size_t);
    """,
}


def run_library(library: CLibrary, samples: SpikeTrains, folder: Path, target: str) -> np.ndarray:
    """Compile a library called `words`, and let it classify samples; returns their logits, (B, C)."""
    logit = np.dtype(np.float64 if "typedef double scalar" in library.source else np.float32)
    files = {**_HEADERS, "words.c": library.source, "words.h": library.header, "samples.h": _write_samples(samples)}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    program = folder / "words"
    sources = [str(Path(__file__).with_suffix(".c")), str(folder / "words.c")]
    words = [f"-DLOGIT={'double' if logit == np.float64 else 'float'}", f"-I{folder}", *sources, "-o", str(program)]
    _run([*find_zig(), "-target", target, *_FLAGS, *words])
    return np.frombuffer(_run([EMULATORS[target], str(program)]), logit).reshape(len(samples), -1)


def _write_samples(samples: SpikeTrains) -> str:
    arrays = {"int": {"ends": samples.offsets[1:], "channels": samples.units}, "float": {"times": samples.times}}
    lines = [f"enum {{ SAMPLES = {len(samples)} }};"]
    for kind, of in arrays.items():
        for name, values in of.items():
            texts = [float(v).hex() + "f" if kind == "float" else str(v) for v in values.tolist()]
            lines.append(f"static const {kind} {name}[] = {{{', '.join(texts)}}};")
    return "\n".join(lines) + "\n"


def _run(command: list[str]) -> bytes:
    said = subprocess.run(command, capture_output=True)
    assert said.returncode == 0, f"{command[0]}: {said.stderr.decode(errors='replace')[-2000:]}"
    return said.stdout
