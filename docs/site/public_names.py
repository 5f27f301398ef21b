"""Every public name has a docstring and a place in the reference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "build" / "api"
FACES = ("", ".models")
"""Packages from which users import, without `genn_shd`; `__all__` of each is public."""

_FOLDERS = {"genn_shd": ".", "models": "models", "sweeps": "sweeps"}
_REFERENCED = re.compile(r"^::: ([\w.]+)", re.MULTILINE)


def link_sources() -> Path:
    """The package as it is installed, `models` and `sweeps` inside `genn_shd`: links to its files, under build/."""
    targets = {
        SOURCES / "genn_shd" / inside / file.relative_to(ROOT / folder): file
        for folder, inside in _FOLDERS.items()
        for file in (ROOT / folder).rglob("*.py")
    }
    for link in SOURCES.rglob("*.py"):
        if link not in targets:
            link.unlink(missing_ok=True)
    for link, file in targets.items():
        if not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):  # another process links them, too
                link.symlink_to(file)
    return SOURCES


def undocumented() -> list[str]:
    """What is wrong with public names, a line each: without a docstring, or without a place in the reference."""
    package = griffe.load("genn_shd", search_paths=[str(link_sources())], try_relative_path=False, resolve_aliases=True)
    pages = sorted((ROOT / "docs" / "reference").glob("*.md"))
    named = {name for page in pages for name in _REFERENCED.findall(page.read_text(encoding="utf-8"))}
    return list(problems(package, named))


def problems(package: griffe.Object | griffe.Alias, named: set[str]) -> Iterator[str]:
    """A line for each public name of a package that has no docstring, or that `named` does not hold."""
    faces = [package.name + face for face in FACES]
    for face in faces:
        module = package[face.partition(".")[2]] if "." in face else package
        for name in map(str, module.exports or []):
            if name.startswith("__"):
                continue
            if not {f"{other}.{name}" for other in faces} & named:
                yield f"{face}.{name} is in no page of docs/reference: add `::: {face}.{name}`."
            yield from _without_docstring(module[name], f"{face}.{name}")


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
