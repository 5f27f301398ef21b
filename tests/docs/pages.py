"""Pages of the documentation as programs: their blocks of code, run in order in a folder of their own.

A block of Python or TOML whose first line is `# NAME.py` or `# NAME.toml` is a file; any other block of Python is run,
all in one namespace; in a block of `sh`, each command of genn_shd is run.
"""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"

_BLOCK = re.compile(r"^```(python|toml|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PRINTED = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# ([\w.]+\.(?:py|toml))\n")
_COMMAND = re.compile(r"python -m genn_shd\.(\w+) (.*)")


def run_page(name: str, start: str = "", end: str = "") -> dict[str, Any]:
    """Run the blocks of a page in the current folder; returns the names that its Python defined.

    From the heading `start` and up to the heading `end`, where these are given: files are written all the same.
    """
    text = read_page(name)
    first = text.index(f"\n## {start}\n") if start else 0
    last = text.index(f"\n## {end}\n") if end else len(text)
    names: dict[str, Any] = {"__name__": "__main__"}
    for match in _BLOCK.finditer(text):
        language, code = match.groups()
        if write_file(code) or not first <= match.start() < last:
            continue
        if language == "python":
            exec(compile(code, name, "exec"), names)
        elif language == "sh":
            for line in code.replace("\\\n", " ").splitlines():
                _run_command(line)
    return names


def write_file(code: str) -> str | None:
    """Write a block that is a file into the current folder; returns its name, None for any other block."""
    file = _FILE.match(code)
    if file is None:
        return None
    Path(file[1]).write_text(code, encoding="utf-8")
    return file[1]


def blocks(name: str) -> list[tuple[str, str]]:
    """Language and text of each block of a page that is to be run."""
    return _BLOCK.findall(read_page(name))


def read_page(name: str) -> str:
    """The text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


def printed(name: str) -> list[str]:
    """What a page says that its blocks print: its blocks of `text`."""
    return _PRINTED.findall(read_page(name))


def _run_command(line: str) -> None:
    command = _COMMAND.fullmatch(line.strip())
    assert command, f"{line!r}: no command of genn_shd"
    module = importlib.import_module(f"genn_shd.{command[1]}")
    main = getattr(module, "main", None) or importlib.import_module(f"genn_shd.{command[1]}.command").main
    assert main(shlex.split(command[2])) == 0, line
