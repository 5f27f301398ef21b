"""Blocks of Python in guides, theory and reference: they compile, what they import is there, and most of them run."""

from __future__ import annotations

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

import genn_shd
from tests.docs.pages import DOCS, blocks, write_file

PAGES = sorted(
    str(path.relative_to(DOCS))
    for path in DOCS.rglob("*.md")
    if "tutorials" not in path.parts and "```python" in path.read_text(encoding="utf-8")
)
NEED_MORE = ("guides/export.md", "guides/sweeps.md")
"""Pages whose blocks go on from a model or a run folder of the user's."""


pytestmark = pytest.mark.usefixtures("own_folder")


def python(page: str) -> list[str]:
    return [code for language, code in blocks(page) if language == "python"]


def imported(code: str) -> list[tuple[str, str]]:
    """Module and name of everything that a block imports from the package."""
    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    return [
        (node.module or "", alias.name)
        for node in nodes
        if (node.module or "").split(".")[0] == "genn_shd"
        for alias in node.names
    ]


def test_pages_are_found():
    assert {"guides/extending.md", "guides/losses.md", "guides/sweeps.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_what_blocks_import_is_there(page):
    names = [found for code in python(page) for found in imported(code)]
    assert not [f"{module}.{name}" for module, name in names if not is_there(module, name)]


def is_there(module: str, name: str) -> bool:
    return hasattr(importlib.import_module(module), name) or find_spec(f"{module}.{name}") is not None


@pytest.mark.parametrize("page", [page for page in PAGES if page not in NEED_MORE])
def test_blocks_run(page):
    names = {"__name__": "__main__"}
    for code in python(page):
        if file := write_file(code):
            importlib.import_module(Path(file).stem)
        else:
            exec(compile(code, page, "exec"), names)


def test_the_guide_to_extending_needs_the_face_alone():
    """And so do the examples that it names."""
    texts = python("guides/extending.md")
    texts += [path.read_text(encoding="utf-8") for path in (DOCS.parent / "examples").glob("*.py")]
    found = [item for text in texts for item in imported(text)]
    assert found and {module for module, _ in found} == {"genn_shd"}
    assert {name for _, name in found} <= set(genn_shd.__all__)
