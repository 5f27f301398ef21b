"""Lay out generated C code: indented, one statement per line, no line beyond the margin.

Templates insert pieces of code without indentation. The layout changes only white space and line breaks of comments,
so the compiler sees the same tokens in the same order. There are empty lines between functions, but not in them.
"""

from __future__ import annotations

import re
import textwrap

MARGIN = 120
INDENT = 4

_TOKEN = re.compile(
    r"""/\*.*?\*/                              # comment
    |^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*            # directive
    |"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'       # text
    |\s+|[{}();]
    |(?:(?!(?:else|SIMD)\b)[^\s{}();"'/:]+[ ](?=[^\s{}();"'/])(?!(?:else|SIMD)\b))*[^\s{}();"'/]+   # words
    |/""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_CONTROL = re.compile(r"(?:else )?(if|for|while|switch) ?\(")
_LABEL = re.compile(r"(?:case [^?]*|default):")
_INLINE_BRACE = re.compile(r"(?:=|\benum)$")
_COMMA, _OPERATOR = re.compile(r", | (?=&&|\|\|)"), re.compile(r" (?=[-+*/?:|&] )|(?<= =) ")


def format_c(source: str) -> str:
    """Lay out C code: indented, one statement per line."""
    return _Layout(_TOKEN.findall(source)).join_lines()


class _Layout:
    """Makes the layout in one pass over the tokens; the tokens of a statement are collected until it ends.

    `_headers` are the `if`, `for`, ... without braces before the current statement; `_ended` are those of the previous
    statement, which an `else` continues. `_blocks` has the headers for every open brace, and the kind of the brace.
    """

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._lines: list[str] = []
        self._gathered: list[str] = []
        self._parentheses = self._inline = 0
        self._headers: list[str] = []
        self._ended: list[str] = []
        self._blocks: list[tuple[str, list[str]]] = []
        self._is_new_line = True

    def join_lines(self) -> str:
        """Return the whole text."""
        for position, token in enumerate(self._tokens):
            if token.isspace():
                self._add_space(token)
            elif token.startswith("/*"):
                self._add_comment(token)
            elif token.lstrip()[0] == "#":
                self._lines.append(token.strip())
            else:
                self._add_code(token, position)
        return "\n".join(self._lines).strip() + "\n"

    @property
    def _statement(self) -> str:
        return "".join(self._gathered).strip()

    def _find_next(self, position: int) -> str:
        """Find the next token that is code."""
        for token in self._tokens[position + 1 : position + 4]:
            if not token.isspace():
                return token
        return ""

    def _add_space(self, token: str) -> None:
        self._is_new_line |= "\n" in token
        if self._gathered:
            self._gathered.append(" ")
        elif token.count("\n") > 1 and not self._blocks:
            self._add_blank_line()

    def _add_blank_line(self) -> None:
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def _add_comment(self, token: str) -> None:
        if self._gathered:
            self._gathered.append(token)
        elif self._is_new_line or not self._lines:
            self._lines += _wrap_comment(token, self._indent(self._headers))
        elif len(self._lines[-1]) + 1 + len(token) <= MARGIN and "\n" not in token:
            self._lines[-1] += f" {token}"
        else:
            indent = len(self._lines[-1]) - len(self._lines[-1].lstrip())
            self._lines[-1:-1] = _wrap_comment(token, indent)

    def _add_code(self, token: str, position: int) -> None:
        if not self._gathered:
            self._begin(token)
        if token in "{}" and not self._inline and not (token == "{" and _INLINE_BRACE.search(self._statement)):
            self._open() if token == "{" else self._close()
            return
        self._gathered.append(token)
        self._inline += (token == "{") - (token == "}")
        self._parentheses += (token == "(") - (token == ")")
        if not self._parentheses and not self._inline:
            self._end(token, self._find_next(position))

    def _begin(self, token: str) -> None:
        """Begin a statement; after an `else`, it belongs to the same headers as its `if`."""
        if token == "else":
            last = len(self._ended) - 1 - self._ended[::-1].index("if")
            self._headers = self._ended[:last]
        elif token != "}":
            self._ended = []

    def _end(self, token: str, following: str) -> None:
        """Write the collected tokens, if they are complete."""
        if token == ";":
            ends_structure = self._gathered[0] == "}" and not self._blocks
            self._put(self._statement)
            self._headers, self._ended = [], self._headers
            if ends_structure:
                self._add_blank_line()
        elif token == ")" and (control := _CONTROL.match(self._statement)) and following not in "{;":
            self._put_header(control[1])
        elif token == "else" and following not in ("{", "if"):
            self._put_header("else")
        elif token.endswith(":") and _LABEL.fullmatch(self._statement):
            self._put(self._statement, back=1)
        elif token == "SIMD" or (token == ")" and self._statement.startswith("_Pragma")):
            self._put(self._statement)

    def _put_header(self, kind: str) -> None:
        self._put(self._statement)
        self._headers.append(kind)

    def _open(self) -> None:
        statement, headers = self._statement, self._headers
        control = _CONTROL.match(statement)
        if not self._blocks and statement.endswith(")"):
            self._put(statement)
            self._put("{")
        else:
            self._put(f"{statement} {{".strip())
        kind = control[1] if control else "else" if statement == "else" else ""
        self._blocks.append(("struct" if "struct" in statement else "", [*headers, kind]))
        self._headers = []

    def _close(self) -> None:
        kind, headers = self._blocks.pop()
        self._headers = headers[:-1]
        if kind == "struct":  # its name follows
            self._gathered = ["}"]
            return
        self._put("}")
        self._headers, self._ended = [], headers
        if not self._blocks:
            self._add_blank_line()

    def _indent(self, headers: list[str]) -> int:
        return INDENT * (len(headers) + sum(len(block[1]) for block in self._blocks))

    def _put(self, text: str, back: int = 0) -> None:
        """Write a line with its indentation."""
        indent = self._indent(self._headers) - INDENT * back
        before = self._lines[-1] if self._lines else ""
        if text.startswith("else") and before.strip() == "}" and len(before) - 1 == indent:
            text = f"}} {self._lines.pop() and text}"
        self._lines += _wrap_code(" " * indent + text)
        self._gathered, self._is_new_line = [], False


def _wrap_comment(comment: str, indent: int) -> list[str]:
    """Break a comment into lines within the margin."""
    lines = [line.strip() for line in comment.splitlines()]
    first = comment.splitlines()[1:]
    hang = min((len(line) - len(line.lstrip()) for line in first if line.strip()), default=0)
    kept = [" " * indent + lines[0], *((" " * (indent + 3) + line[hang:]).rstrip() for line in first)]
    if all(len(line) <= MARGIN for line in kept):
        return kept
    return textwrap.wrap(
        " ".join(lines),
        MARGIN,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 3),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _wrap_code(line: str) -> list[str]:
    """Break a line of code after commas or before operators, if it is too long."""
    indent = len(line) - len(line.lstrip())
    lines = []
    while len(line) > MARGIN:
        place = _break(line, indent + 2 * INDENT)
        if place is None:
            break
        lines.append(line[:place].rstrip())
        line = " " * (indent + 2 * INDENT) + line[place:].lstrip()
    return [*lines, line]


def _break(line: str, start: int) -> int | None:
    """Find the last place within the margin at which a line can be broken."""
    for pattern, earliest in ((_COMMA, MARGIN // 2), (_OPERATOR, MARGIN // 2), (_COMMA, start), (_OPERATOR, start)):
        places = [match.end() for match in pattern.finditer(line, max(start, earliest), MARGIN)]
        if places:
            return places[-1]
    return None
