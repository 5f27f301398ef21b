"""Flags with which generated C is compiled in a part of a test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from genn_shd.toolchain import compiler


def _find_gcc() -> bool:
    """Whether tests compile with GCC; on some systems its name is that of Clang."""
    if os.environ.get("CC"):
        return False
    try:
        said = subprocess.run(["gcc", "--version"], capture_output=True, text=True).stdout
    except OSError:
        return False
    return "Free Software Foundation" in said


# Passes of GCC that make no vectors and a third of its time.
_FEWER_PASSES = (
    " -fno-ivopts -fno-tree-pta -fno-tree-ter -fno-tree-dominator-opts -fira-region=one -fno-forward-propagate"
    " -fno-tree-sra -fno-tree-bit-ccp -fno-if-conversion -fno-if-conversion2 -fno-tree-slsr -fno-tree-dse"
    " -fno-move-loop-invariants -fno-tree-sink -fno-combine-stack-adjustments -fno-cprop-registers -fno-shrink-wrap"
)
_NO_UNWINDING = " -fno-asynchronous-unwind-tables"

QUICK = "-O0" + _NO_UNWINDING
"""For code that runs in a moment."""

VECTORS = "-O1" + _NO_UNWINDING + (_FEWER_PASSES if _find_gcc() else "")
"""The least at which compilers make vectors of the loops that are marked for them."""

BRIEF = "-Og -fno-inline" + _NO_UNWINDING
"""For code that runs for a second or two without optimisation: a third of that for a fifth of a second to compile."""


@contextmanager
def compiler_flags(flags: str) -> Iterator[None]:
    """Compile with these flags beside the back end's own within a `with` block; with an empty text as for users."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENN_SHD_CFLAGS", flags)
        compiler.find_compiler.cache_clear()
        try:
            yield
        finally:
            compiler.find_compiler.cache_clear()
