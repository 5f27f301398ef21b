"""Generated C code, as it was written, and laid out for reading."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property


class CSource:
    """C code that is laid out only when it is read, not to be compiled.

    Parameters
    ----------
    code : the code without layout.
    lay_out : function that returns the code laid out, with the same meaning.
    """

    def __init__(self, code: str, lay_out: Callable[[str], str]) -> None:
        self.code = code
        self._lay_out = lay_out

    @cached_property
    def text(self) -> str:
        """The laid out code, with its opening comment."""
        return self._lay_out(self.code)
