"""The public face: every name is described, and whoever is no part of the package imports it from genn_shd itself."""

from __future__ import annotations

import ast
import importlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import genn_shd
from tests.docs.pages import DOCS, blocks
from tests.structure import ROOT

PUBLIC = frozenset(genn_shd.__all__) - {"__version__"}
FOLDERS = ("benchmarks", "docs", "examples", "tests")
OPEN_PACKAGES = ("genn_shd.models",)  # documented as places to import from
INSIDE = "tests/test_structure.py"  # imports old paths on purpose


def files() -> list[str]:
    """Python files outside the package that git knows."""
    listed = subprocess.run(["git", "ls-files", *FOLDERS], cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.splitlines() if name.endswith(".py") and not name.startswith(INSIDE)]


def behind_the_face(source: str) -> Iterator[str]:
    """Public names that a source imports from a module of the package instead of from genn_shd."""
    for node in ast.walk(ast.parse(source)):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if module.startswith("genn_shd.") and not module.startswith(OPEN_PACKAGES):
            assert isinstance(node, ast.ImportFrom)
            yield from (f"{module}.{alias.name}" for alias in node.names if is_public(module, alias.name))


def is_public(module: str, name: str) -> bool:
    """Whether a module's name is that of the face; another module may have a class of the same name."""
    return name in PUBLIC and getattr(importlib.import_module(module), name) is getattr(genn_shd, name)


def submodules(source: str) -> Iterator[str]:
    """Modules of the package, other than those that are open to users, from which a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            imported = [node.module or ""]
        else:
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in imported:
            if module.startswith("genn_shd.") and not module.startswith(OPEN_PACKAGES):
                yield module


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_is_described(name):
    described = getattr(genn_shd, name).__doc__ or ""
    assert described and not described.startswith(f"{name}("), f"{name} has no docstring but a generated one"


@pytest.mark.slow
def test_public_names_are_imported_from_the_face():
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    found = {name: list(behind_the_face(Path(ROOT, name).read_text(encoding="utf-8"))) for name in files()}
    assert not {name: imported for name, imported in found.items() if imported}


def test_pages_and_examples_import_from_the_face_alone():
    sources = {str(path): [path.read_text(encoding="utf-8")] for path in ROOT.joinpath("examples").glob("*.py")}
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        sources[str(page)] = [code for language, code in blocks(str(page)) if language == "python"]
    found = {name: [module for code in codes for module in submodules(code)] for name, codes in sources.items()}
    assert not {name: modules for name, modules in found.items() if modules}


def test_an_import_from_a_submodule_is_found():
    source = "import genn_shd.runs.folder\nfrom genn_shd.sweep import reading\nfrom genn_shd.models import LIF\n"
    assert list(submodules(source)) == ["genn_shd.runs.folder", "genn_shd.sweep"]


def test_an_import_from_behind_is_found():
    source = (
        "from genn_shd.network.network import Network, check_delays\nfrom genn_shd.models import recurrent_classifier"
    )
    assert list(behind_the_face(source)) == ["genn_shd.network.network.Network"]
    assert not list(behind_the_face("from genn_shd import Network"))
