"""Help pages of all commands as Markdown, from their argument parsers."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import genn_shd

WIDTH = 100
START = 'if __name__ == "__main__":'
SETTINGS = "\nsettings, for --set"
"""Where the list of settings begins in a help page; it has a page of its own."""


def command_names() -> list[str]:
    """Every `NAME` of `python -m genn_shd.NAME`: modules that can be started, and packages with a `__main__`."""
    package = Path(genn_shd.__path__[0])
    modules = [path.stem for path in package.glob("*.py") if START in path.read_text(encoding="utf-8")]
    return sorted(modules + [path.parent.name for path in package.glob("*/__main__.py")])


def commands_reference() -> str:
    """Every command with its help page."""
    return "\n".join(line for name in command_names() for line in _section(name))


def help_page(name: str) -> str:
    """What `python -m genn_shd.NAME --help` prints, without the list of settings."""
    module = importlib.import_module(f"genn_shd.{name}")
    main = getattr(module, "main", None) or importlib.import_module(f"genn_shd.{name}.command").main
    page = io.StringIO()
    with (
        mock.patch.dict(os.environ, {"COLUMNS": str(WIDTH)}),
        contextlib.redirect_stdout(page),
        contextlib.suppress(SystemExit),
    ):
        main(["--help"])
    return page.getvalue().split(SETTINGS)[0].rstrip()


def _section(name: str) -> Iterator[str]:
    yield from (f"## genn_shd.{name}", "", "```text", help_page(name), "```", "")
