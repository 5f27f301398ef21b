"""Every public name has a docstring and a place in the reference."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "build" / "api"
FACES = ("genn_shd", "genn_shd.models")
"""Packages from which users import; `__all__` of each is public."""

_REFERENCED = re.compile(r"^::: ([\w.]+)", re.MULTILINE)


def link_sources() -> Path:
    """The package as it is installed, `models` and `sweeps` inside `genn_shd`: links to its files, under build/."""
    shutil.rmtree(SOURCES, ignore_errors=True)
    for folder, inside in (("genn_shd", "."), ("models", "models"), ("sweeps", "sweeps")):
        for file in (ROOT / folder).rglob("*.py"):
            link = SOURCES / "genn_shd" / inside / file.relative_to(ROOT / folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    return SOURCES


def undocumented() -> list[str]:
    """What is wrong with public names, a line each: without a docstring, or without a place in the reference."""
    package = griffe.load("genn_shd", search_paths=[str(link_sources())], try_relative_path=False, resolve_aliases=True)
    named = {name for page in _pages() for name in _REFERENCED.findall(page.read_text(encoding="utf-8"))}
    return list(_problems(package, named))


def _problems(package: griffe.Object | griffe.Alias, named: set[str]) -> Iterator[str]:
    for face in FACES:
        module = package if face == "genn_shd" else package[face.removeprefix("genn_shd.")]
        for name in module.exports or []:
            if str(name).startswith("__"):
                continue
            public = module[str(name)]
            if f"{face}.{name}" not in named and public.canonical_path not in named and not _elsewhere(public, named):
                yield f"{face}.{name} is in no page of docs/reference: add `::: {face}.{name}`."
            yield from _without_docstring(public, f"{face}.{name}")


def _elsewhere(public: griffe.Object | griffe.Alias, named: set[str]) -> bool:
    """Whether another face has the same name, and the reference has it from there."""
    return any(f"{face}.{public.name}" in named for face in FACES)


def _without_docstring(public: griffe.Object | griffe.Alias, name: str) -> Iterator[str]:
    """The name itself, and public methods and properties of a class; an inherited docstring counts."""
    if not public.has_docstring:
        yield f"{name} has no docstring."
    if public.is_class:
        for member in public.members.values():
            if member.name.startswith("_") or not (member.is_function or "property" in member.labels):
                continue
            if not (member.has_docstring or _inherits(public, member.name)):
                yield f"{name}.{member.name} has no docstring."


def _inherits(public: griffe.Object | griffe.Alias, member: str) -> bool:
    return any(base.members[member].has_docstring for base in public.mro() if member in base.members)


def _pages() -> list[Path]:
    return sorted((ROOT / "docs" / "reference").glob("*.md"))
