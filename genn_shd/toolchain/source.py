"""Generated C: the code as it was written, and the same laid out for people."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property


class CSource:
    """C code that is laid out only when it is read or compiled, not when its library is in the cache.

    Parameters
    ----------
    code : the code, as pieces of it came together.
    lay_out : returns it as text to read; the compiler must make the same of both.
    """

    def __init__(self, code: str, lay_out: Callable[[str], str]) -> None:
        self.code = code
        self._lay_out = lay_out

    @cached_property
    def text(self) -> str:
        """The code laid out, with the comment that opens it."""
        return self._lay_out(self.code)
