"""The structure of the package: who imports whom. `python -m tests.structure` prints its figures.

Imports go one way. `LEVELS` lists the packages from the ground up: a module imports from its own package and from those
below. Commands stand on top and import no other command.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "genn_shd"

LEVELS = (
    "errors",
    "system",
    "network",
    "spikes",
    "toolchain",
    "eventprop",
    "auditory",
    "models",
    "simulation",
    "backends",
    "speech",
    "datasets",
    "augment",
    "config",
    "runs",
    "plots",
    "recording",
    "training",
    "listening",
    "interop",
    "exporters",
    "sweeps",
    "sweep",
    "reports",
)
"""Packages from the ground up; `errors` is a module."""

COMMANDS = ("train", "evaluate", "gradcheck", "record", "listen", "encode", "report", "export")
"""Modules that are started as `python -m genn_shd.NAME`; a sweep is a package with a `__main__`."""

Graph = Mapping[str, frozenset[str]]


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name without `genn_shd.`; the face itself is called `__init__`."""
    found = {}
    for folder, prefix in ((ROOT / PACKAGE, ""), (ROOT / "models", "models."), (ROOT / "sweeps", "sweeps.")):
        for path in sorted(folder.rglob("*.py")):
            dotted = prefix + ".".join(path.relative_to(folder).with_suffix("").parts)
            found[dotted.removesuffix(".__init__")] = path
    return found


def imports() -> Graph:
    """Module -> modules of the package that it imports when it is loaded (those for type checking left out)."""
    known = modules()
    return {name: frozenset(_imported(name, path, known)) - {name} for name, path in known.items()}


def _imported(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in _loaded(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
            yield from (".".join(t[1:]) for t in targets if t[0] == PACKAGE and ".".join(t[1:]) in known)
            continue
        base = _base(node, package if name != "__init__" else [])
        if base is None:
            continue
        for alias in node.names:
            inner = ".".join([*base, alias.name])
            if inner in known:
                yield inner
            elif ".".join(base) in known:
                yield ".".join(base)


def _base(node: ast.ImportFrom, package: list[str]) -> list[str] | None:
    """Parts of the name of the module that a `from` names, without `genn_shd`; None where it is another package's."""
    named = node.module.split(".") if node.module else []
    if node.level:
        return package[: len(package) - node.level + 1] + named
    return named[1:] if named[:1] == [PACKAGE] else None


def _loaded(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports that run when the module is loaded: none in functions, none under TYPE_CHECKING."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from (found for child in node.orelse for found in _loaded(child))
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _loaded(node)


def package_of(name: str) -> str:
    """The package at the top that a module is in; a command's own name for a command."""
    return name.split(".")[0]


def package_arrows(graph: Graph) -> Graph:
    """The same between packages."""
    arrows: dict[str, set[str]] = {}
    for name, targets in graph.items():
        arrows.setdefault(package_of(name), set()).update(package_of(t) for t in targets)
    return {name: frozenset(targets - {name}) for name, targets in arrows.items()}


def circles(graph: Graph) -> list[list[str]]:
    """Groups of modules that import each other, directly or in a circle (strongly connected, Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in graph.get(name, ()):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            start = stack.index(name)
            if len(stack) - start > 1:
                found.append(sorted(stack[start:]))
            del stack[start:]

    for name in graph:
        if name not in index:
            visit(name)
    return found


def main() -> None:
    """Print how many modules stand at the top, and how many imports there are between modules and packages."""
    graph = imports()
    between = package_arrows(graph)
    top = [name for name, path in modules().items() if path.parent == ROOT / PACKAGE and path.name != "__init__.py"]
    packages = [p for p in (ROOT / PACKAGE).iterdir() if (p / "__init__.py").exists()]
    print(f"{len(graph)} modules, {len(top)} modules and {len(packages)} packages at the top")
    print(
        f"{sum(map(len, graph.values()))} imports between modules, {sum(map(len, between.values()))} between packages"
    )
    print(f"{len(circles(graph))} circles of modules, {len(circles(between))} circles of packages")


if __name__ == "__main__":
    main()
