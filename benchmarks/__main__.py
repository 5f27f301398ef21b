"""Run benchmarks one after another, each in a process of its own: `python -m benchmarks [--smoke] [NAME ...]`."""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def read_questions() -> dict[str, str]:
    """Read the questions of all benchmarks: name -> first line of its docstring."""
    found = [*HERE.glob("*.py"), *HERE.glob("*/__main__.py")]
    files = {_name_file(path): path for path in sorted(found, key=_name_file)}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in files.items()}
    benchmarks = {name: tree for name, tree in trees.items() if name != "__main__" and _has_main(tree)}
    return {name: (ast.get_docstring(tree) or "").partition("\n")[0] for name, tree in benchmarks.items()}


def _name_file(path: Path) -> str:
    """Name a script by itself, and the main file of a package by its package."""
    return path.parent.name if path.parent != HERE and path.stem == "__main__" else path.stem


def _has_main(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)


def main() -> int:
    """Run the named benchmarks, by default all; returns 1 if one of them failed."""
    known = read_questions()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of: {', '.join(known)}")
    parser.add_argument("--list", action="store_true", help="say which benchmarks there are, and run none")
    parser.add_argument("--smoke", action="store_true", help="sizes that end in seconds; the figures mean nothing")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(known)}")
    if options.list:
        for name, question in known.items():
            print(f"{name:<16} {question}")
        return 0
    failed = [name for name in options.names or known if not _run(name, ["--smoke"] * options.smoke)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


def _run(name: str, arguments: list[str]) -> bool:
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
