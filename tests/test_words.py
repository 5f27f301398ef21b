"""Docstrings and functions: everything public is described, nothing is a riddle, nothing is longer than a page."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.structure import modules
from tests.verbs import OTHERS, VERBS

MOST_LINES = 60  # of a function, without its docstring

NOT_VERBS = {
    # Constructors of public definitions, named after what they make, as classes are: `loss=density_loss(...)`. Users'
    # settings and files of definitions contain these names.
    *("density_loss", "logit_loss", "weighted_sum", "first_spike_time", "recurrent_classifier", "described"),
    # The standard term, and the method that most programs call: `model.gradient(batch)` reads as in a formula.
    "gradient",
    # It returns an exception and is read after `raise`: `raise unknown_name(...)`.
    "unknown_name",
    # It is read in a class body as a declaration: `values = old_method("values", "to_values")`.
    "old_method",
    # Names that the interfaces of other packages require.
    *("seekable", "formatMessage", "handleError", "random_sample", "kernel_transform"),
}
"""Functions whose names begin with no verb."""


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
MODULES = modules()


def definitions(node: ast.AST, within: str = "") -> Iterator[tuple[str, Definition]]:
    """Functions and classes with their qualified names; those inside functions left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            yield within + child.name, child
        if isinstance(child, ast.ClassDef):
            yield from definitions(child, f"{within}{child.name}.")


def undescribed(tree: ast.Module) -> list[str]:
    """Names of public functions, classes and methods without a docstring.

    Properties of one line, and methods of a class with a base, which may describe them, need none.
    """
    derived = {name for name, d in definitions(tree) if isinstance(d, ast.ClassDef) and d.bases}
    return [
        name
        for name, definition in definitions(tree)
        if not any(part.startswith("_") for part in name.split("."))
        and name.rpartition(".")[0] not in derived
        and not (definition.decorator_list and len(definition.body) == 1)
        and ast.get_docstring(definition) is None
    ]


def riddles(tree: ast.Module) -> list[str]:
    """Names of definitions whose docstring begins with "What"."""
    documented = [("module", tree), *definitions(tree)]
    return [name for name, node in documented if (ast.get_docstring(node) or "").startswith("What ")]


def lines_of(function: Definition) -> int:
    """Number of lines of a function without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    documented = body[0].lineno - function.body[0].lineno if body and body is not function.body else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def unverbed(tree: ast.Module) -> list[str]:
    """Names of functions and methods that do not begin with a verb; properties are nouns."""
    found = []
    for name, definition in definitions(tree):
        own = name.rpartition(".")[2]
        decorators = [ast.unparse(decorator) for decorator in getattr(definition, "decorator_list", [])]
        if isinstance(definition, ast.ClassDef) or own.startswith("__") or own in NOT_VERBS:
            continue
        is_property = any("property" in decorator for decorator in decorators)
        if not is_property and own.lstrip("_").split("_")[0] not in VERBS | OTHERS:
            found.append(name)
    return found


def too_long(tree: ast.Module) -> list[str]:
    """Names of functions that do not fit a page."""
    return [name for name, d in definitions(tree) if not isinstance(d, ast.ClassDef) and lines_of(d) > MOST_LINES]


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_is_described_and_no_function_is_long(name):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    empty = not [node for node in tree.body if not isinstance(node, ast.Expr)]
    assert empty or name == "_version" or ast.get_docstring(tree), f"{name} has no docstring"
    assert not undescribed(tree), f"{name}: public, without docstring"
    assert not riddles(tree), f"{name}: a docstring says what a thing does, in the imperative or as a noun"
    assert not unverbed(tree), f"{name}: begins with no verb of tests/verbs.py: rename it, or add the verb"
    assert not too_long(tree), f"{name}: longer than {MOST_LINES} lines"


def test_faults_are_found():
    long = "def long():\n    '''Do.'''\n" + "    x = 1\n" * MOST_LINES
    tree = ast.parse(f"class A:\n    '''What A is.'''\n    def run(self):\n        pass\n\n{long}")
    assert undescribed(tree) == ["A.run"]
    assert riddles(tree) == ["A"]
    assert unverbed(tree) == ["long"]
    assert not unverbed(ast.parse("class A:\n    def __len__(self): ...\n    @property\n    def size(self): ...\n"))
    assert too_long(tree) == ["long"]
    assert not too_long(ast.parse(long.replace("    x = 1\n", "", 1)))
