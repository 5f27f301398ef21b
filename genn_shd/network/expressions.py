"""Snippet expressions: a parser that makes SymPy expressions of them, and a printer that writes C.

Definitions state equations as text in the expression part of GeNN's snippet language, for example
`(I - V) / tau_mem`. The text is never executed: it is parsed into Python's syntax tree, every node of which must be
of an allowed kind, and converted into a SymPy expression.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext

import numpy as np
import sympy
from sympy.printing.c import C99CodePrinter

from ..errors import SettingError, suggest_nearest

# SymPy would take very long for longer text and for larger powers of numbers.
_LONGEST = 2000
_LARGEST_EXPONENT = 100


def _raise_to_power(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    if base.is_number and exponent.is_number and not abs(exponent) <= _LARGEST_EXPONENT:
        raise SettingError(f"{exponent} is too large an exponent of a number; at most {_LARGEST_EXPONENT} is allowed.")
    return base**exponent


# Below this |x|, exprel is its power series: otherwise its derivative would be a difference of large numbers.
_NEAR_ZERO = sympy.Rational(1, 10)
_EXPREL_TERMS = 9  # at |x| = 1/10, the terms left out change the derivative by 1e-14 of its value


def _make_exprel(x: sympy.Expr) -> sympy.Expr:
    """(exp(x) - 1) / x, and 1 at x = 0, in a form that SymPy differentiates without dividing by zero."""
    if x.is_number and x.is_zero:
        return sympy.Integer(1)
    series = sympy.Integer(1)
    for k in range(_EXPREL_TERMS, 1, -1):
        series = 1 + x * series / k
    return sympy.Piecewise((series, x**2 < _NEAR_ZERO**2), ((sympy.exp(x) - 1) / x, True))


FUNCTIONS: dict[str, tuple[int, Callable[..., sympy.Expr]]] = {
    "exp": (1, sympy.exp),
    "exprel": (1, _make_exprel),
    "log": (1, sympy.log),
    "sqrt": (1, sympy.sqrt),
    "pow": (2, _raise_to_power),
    "sin": (1, sympy.sin),
    "cos": (1, sympy.cos),
    "tanh": (1, sympy.tanh),
    "fabs": (1, sympy.Abs),
    "fmin": (2, sympy.Min),
    "fmax": (2, sympy.Max),
}
_OPERATORS: dict[type[ast.operator], Callable[[sympy.Expr, sympy.Expr], sympy.Expr]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: _raise_to_power(a, b),
}


def make_symbol(name: str) -> sympy.Symbol:
    """Make the SymPy symbol for a name in a snippet; all quantities are real."""
    return sympy.Symbol(name, real=True)


def parse(text: str, names: Iterable[str]) -> sympy.Expr:
    """Parse the expression `text`, which may use the given names.

    Raises
    ------
    SettingError
        `text` is not an expression, or uses a name, function or syntax that is not allowed.
    """
    allowed = set(names)
    if len(text) > _LONGEST:
        raise SettingError(f"expression {text[:40]!r}... has {len(text)} characters; at most {_LONGEST} are allowed.")
    try:
        expression = _convert(ast.parse(text.strip(), mode="eval").body, text, allowed)
    except SyntaxError as error:
        raise SettingError(f"expression {text!r} cannot be read: {error.msg}.") from None
    except (MemoryError, RecursionError):
        raise SettingError(f"expression {text[:40]!r}... cannot be read: it is nested too deeply.") from None
    if expression.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.I):
        raise SettingError(f"expression {text!r} never has a finite real value; correct it.")
    return expression


def _convert(node: ast.expr, text: str, names: set[str]) -> sympy.Expr:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() as value):
            return sympy.Integer(value)
        case ast.Constant(value=float() as value) if math.isfinite(value):
            return sympy.Float(value) if value != int(value) else sympy.Integer(int(value))
        case ast.Name(id=name):
            return _resolve_name(name, text, names)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_convert(operand, text, names)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _convert(operand, text, names)
        case ast.Constant(value=float()):
            raise SettingError(f"expression {text!r} has a number that is not finite.")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_convert(left, text, names), _convert(right, text, names))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, [_convert(a, text, names) for a in arguments], text)
    raise SettingError(
        f"expression {text!r} uses syntax that is not allowed ({ast.unparse(node)}); allowed: numbers, names, "
        f"+ - * / **, parentheses and {', '.join(FUNCTIONS)}."
    )


def _resolve_name(name: str, text: str, names: set[str]) -> sympy.Expr:
    if name not in names:
        raise SettingError(
            f"expression {text!r} uses the unknown name {name!r}; allowed: {', '.join(sorted(names))}."
            + suggest_nearest(name, names)
        )
    return make_symbol(name)


def _call(name: str, arguments: list[sympy.Expr], text: str) -> sympy.Expr:
    if name not in FUNCTIONS:
        raise SettingError(
            f"expression {text!r} calls the unknown function {name!r}; allowed: {', '.join(FUNCTIONS)}."
            + suggest_nearest(name, FUNCTIONS)
        )
    count, function = FUNCTIONS[name]
    if len(arguments) != count:
        raise SettingError(f"expression {text!r}: {name} takes {count} argument(s), not {len(arguments)}.")
    return function(*arguments)


class _SnippetPrinter(C99CodePrinter):
    """Writes C with plain numbers; the type `scalar` of the generated code decides the precision."""

    def __init__(self) -> None:
        super().__init__({"math_macros": {}})  # GeNN has no constants such as M_SQRT2, and they have one precision
        self.reserved_words: set[str] = set()  # definitions refuse these; SymPy must rename nothing else

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return repr(math.e)

    def _print_Rational(self, expr: sympy.Rational) -> str:
        return f"({int(expr.p)}.0 / {int(expr.q)}.0)"

    def _print_Integer(self, expr: sympy.Integer) -> str:
        return f"{int(expr)}.0" if expr >= 0 else f"({int(expr)}.0)"

    def _print_Float(self, expr: sympy.Float) -> str:
        return repr(float(expr))

    def _print_Piecewise(self, expr: sympy.Piecewise) -> str:
        *cases, (last, _) = expr.args
        parts = [f"({self._print(condition)}) ? ({self._print(e)}) : " for e, condition in cases]
        return f"({''.join(parts)}({self._print(last)}))"

    def _print_Pow(self, expr: sympy.Pow) -> str:
        base, exponent = expr.as_base_exp()
        if exponent in (2, -2):
            text = self.parenthesize(base, 100)
            return f"({text} * {text})" if exponent == 2 else f"(1.0 / ({text} * {text}))"
        return super()._print_Pow(expr)


@functools.lru_cache(maxsize=4096, typed=True)
def simplify(expression: sympy.Expr) -> sympy.Expr:
    """Return SymPy's simplest form; cached, because it is slow and networks often have the same neurons."""
    return sympy.simplify(expression)


@functools.lru_cache(maxsize=4096, typed=True)
def to_code(expression: sympy.Expr) -> str:
    """Write the expression in GeNN's snippet language (C without declarations)."""
    return _SnippetPrinter().doprint(expression)


def evaluate(expression: sympy.Expr, values: Mapping[str, np.ndarray | float]) -> np.ndarray:
    """Compute the value of an expression in float64; arrays are broadcast against each other."""
    names, function, has_branches = _compile(expression)
    # NumPy computes all branches of exprel, also the one that divides by 0, and then selects.
    branches = np.errstate(divide="ignore", invalid="ignore") if has_branches else nullcontext()
    with branches:
        return np.asarray(function(*(np.asarray(values[n], dtype=np.float64) for n in names)), dtype=np.float64)


@functools.lru_cache(maxsize=1024)
def _compile(expression: sympy.Expr) -> tuple[tuple[str, ...], Callable[..., np.ndarray | float], bool]:
    """Compile an expression to its names, a function of their values, and whether it has branches.

    Cached, because with trained time constants the same expressions are evaluated in every batch.
    """
    names = tuple(sorted(s.name for s in expression.free_symbols))
    function = sympy.lambdify([make_symbol(n) for n in names], expression, modules="numpy", dummify=True)
    return names, function, expression.has(sympy.Piecewise)


def compile_scalars(names: Sequence[str], expressions: Sequence[sympy.Expr]) -> Callable[..., list[float]]:
    """Compile expressions into one function: it takes numbers in the order of `names` and returns the values."""
    return sympy.lambdify([make_symbol(n) for n in names], list(expressions), modules="math", dummify=True, cse=True)
