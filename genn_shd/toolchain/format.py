"""Layout of generated C: indented by structure, one statement a line, no line beyond the margin.

Templates join pieces of code that know nothing of where they land. Only white space, the line breaks of comments and
empty lines change; the compiler sees the same tokens in the same order.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

MARGIN = 120
INDENT = "    "
MARKERS = ("SIMD", "_Pragma")
"""What stands on a line of its own before the loop it is about."""

_TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[{}();]|\n(?:[ \t]*\n)+"
    r"|\n|[ \t]+|[^\s{}();/\"']+|/",
    re.DOTALL | re.MULTILINE,
)
_CONTROL = re.compile(r"(?:else )?(?:if|for|while|switch)\b.*", re.DOTALL)
_LABEL = re.compile(r"(?:case\b[^?]*|default)\s*:")
_INLINE_BRACE = re.compile(r"(?:=|\benum(?: \w+)?|[,{(])\s*$")


def format_c(source: str) -> str:
    """The source laid out anew."""
    return _Layout().run(source)


class _Layout:
    """One pass over the tokens: pieces of a statement gather in `_text` until it ends."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._text = ""
        self._parentheses = 0
        self._inline = 0
        # Depth of open braces, and for each the statements without braces that it belongs to.
        self._blocks: list[int] = []
        self._pending = 0
        self._blank = False

    def run(self, source: str) -> str:
        for token in _TOKEN.findall(source):
            self._take(token)
        self._end_statement()
        return "\n".join(self._lines).strip("\n") + "\n"

    # -- tokens ----------------------------------------------------------------------------------------------------

    def _take(self, token: str) -> None:
        if token.startswith(("/*", "//")):
            self._take_comment(token)
        elif token.lstrip(" \t").startswith("#"):
            self._take_directive(token.strip())
        elif token.isspace():
            self._take_space(token)
        elif token in "{}();" and not self._inline:
            self._take_punctuation(token)
        else:
            self._inline += {"{": 1, "}": -1}.get(token, 0)
            self._text += token

    def _take_space(self, token: str) -> None:
        if self._text:
            self._text = self._text.rstrip() + " "
            if "\n" in token and self._text.strip() in MARKERS:
                self._end_statement()
        elif token.count("\n") > 1:
            self._blank = True

    def _take_directive(self, token: str) -> None:
        self._end_statement()
        self._put(token, 0)

    def _take_comment(self, token: str) -> None:
        if self._text.strip():
            self._text += token
        elif self._trails and self._lines and len(self._lines[-1]) + len(token) < MARGIN and "\n" not in token:
            self._lines[-1] += f" {token}"
        else:
            self._put_comment(token)

    def _take_punctuation(self, token: str) -> None:
        if token in "()":
            self._text += token
            self._parentheses += 1 if token == "(" else -1
            if token == ")" and not self._parentheses and self._text.startswith("_Pragma"):
                self._end_statement()
            return
        if token == ";":
            self._text += token
            if not self._parentheses:
                self._end_statement()
        elif token == "{":
            self._open()
        else:
            self._close()
