"""Flags with which generated C is compiled in a part of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from genn_shd.toolchain import compiler

VECTORS = "-O1"
"""The least at which compilers make vectors of the loops that are marked for them."""

BRIEF = "-Og -fno-inline"
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
