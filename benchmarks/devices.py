"""An exported C library as a program: for this machine, and by Zig's compiler for others that QEMU imitates."""

from __future__ import annotations

import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genn_shd import SpikeTrains
from genn_shd.exporters.c import CLibrary
from genn_shd.toolchain.compiler import find_compiler
from genn_shd.toolchain.webassembly import find_zig

EMULATORS = {"arm-linux-musleabihf": "qemu-arm", "riscv32-linux-musl": "qemu-riscv32"}
"""Target of Zig's compiler -> the program that runs its code (Debian's package qemu-user)."""

_DRIVER = Path(__file__).with_name("device.c")
_FLAGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


@dataclass(frozen=True)
class Answers:
    """What a program says.

    Attributes
    ----------
    logits : (B, C).
    seconds : of processor time, in the library.
    """

    logits: np.ndarray
    seconds: float


def run_library(library: CLibrary, samples: SpikeTrains, folder: Path, target: str | None = None) -> Answers:
    """Compile a library called `words`, and let it classify samples.

    Parameters
    ----------
    library : from `genn_shd.exporters.c.generate`.
    samples : B of them.
    folder : where to compile.
    target : of `EMULATORS`; None for this machine.
    """
    (folder / "words.c").write_text(library.source, encoding="utf-8")
    (folder / "words.h").write_text(library.header, encoding="utf-8")
    logit = "double" if "typedef double scalar" in library.source else "float"
    compiler = find_compiler().command if target is None else (*find_zig(), "-target", target)
    static = () if target is None else ("-static",)
    program = folder / "words"
    words = [f"-DLOGIT={logit}", f"-I{folder}", str(_DRIVER), str(folder / "words.c"), "-o", str(program), "-lm"]
    _run([*compiler, *_FLAGS, *static, *words])
    emulator = [] if target is None else [shutil.which(EMULATORS[target]) or EMULATORS[target]]
    lines = _run([*emulator, str(program)], _pack(samples)).decode().splitlines()
    logits = np.array([[float(word) for word in line.split()] for line in lines[:-1]])
    return Answers(logits, float(lines[-1]))


def _pack(samples: SpikeTrains) -> bytes:
    parts = [struct.pack("<i", len(samples))]
    for k in range(len(samples)):
        here = slice(*samples.offsets[k : k + 2])
        times, channels = samples.times[here], samples.units[here]
        parts += [struct.pack("<i", len(times)), times.astype("<f4").tobytes(), channels.astype("<i4").tobytes()]
    return b"".join(parts)


def _run(command: list[str], content: bytes | None = None) -> bytes:
    said = subprocess.run(command, input=content, capture_output=True)
    if said.returncode:
        raise RuntimeError(f"{command[0]} failed: {said.stderr.decode(errors='replace')[-1000:]}")
    return said.stdout
