"""Snippet expressions: a whitelisted parser into SymPy, and the way back into C.

Definitions state their mathematics as text in the expression part of GeNN's snippet language, for example
`(I - V) / tau_mem`. Text is never evaluated: it is parsed into Python's syntax tree, every node of which must be
on a short list, and rebuilt as a SymPy expression.
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

# Longer text, and larger powers of numbers, would only keep the algebra busy.
_LONGEST = 2000
_LARGEST_EXPONENT = 100


def _raise_to_power(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    if base.is_number and exponent.is_number and not abs(exponent) <= _LARGEST_EXPONENT:
        raise SettingError(f"{exponent} is too large an exponent of a number; at most {_LARGEST_EXPONENT} is allowed.")
    return base**exponent


# Below this |x|, exprel is its power series: else its derivative would be a difference of large numbers.
_NEAR_ZERO = sympy.Rational(1, 10)
_EXPREL_TERMS = 9  # at |x| = 1/10, what is left out of the derivative is 1e-14 of it


def _make_exprel(x: sympy.Expr) -> sympy.Expr:
    """(exp(x) - 1) / x, and 1 where x is 0: smooth everywhere, and so is what SymPy derives from it."""
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
    """The SymPy symbol of a snippet's name; all quantities are real."""
    return sympy.Symbol(name, real=True)


def parse(text: str, names: Iterable[str]) -> sympy.Expr:
    """The expression `text` over the given names.

    Raises
    ------
    SettingError
        Where `text` is no expression, or uses a name, function or syntax that is not allowed.
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
        raise SettingError(f"expression {text!r} has no finite real value, whatever its names stand for.")
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
    """C text with numbers as plain literals: the target's `scalar` type decides the precision."""

    def __init__(self) -> None:
        super().__init__({"math_macros": {}})  # M_SQRT2 and its kind: GeNN has none, and they are of one precision
        self.reserved_words: set[str] = set()  # definitions refuse them; what is reserved beside must keep its name

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
        if exponent == 2:
            text = self.parenthesize(base, 100)
            return f"({text} * {text})"
        return super()._print_Pow(expr)


@functools.lru_cache(maxsize=4096, typed=True)
def simplify(expression: sympy.Expr) -> sympy.Expr:
    """SymPy's simplest form; kept, as networks of one process mostly have the same neurons, and it takes longest."""
    return sympy.simplify(expression)


@functools.lru_cache(maxsize=4096, typed=True)
def to_code(expression: sympy.Expr) -> str:
    """The expression in GeNN's snippet language (C without declarations)."""
    return _SnippetPrinter().doprint(expression)


def evaluate(expression: sympy.Expr, values: Mapping[str, np.ndarray | float]) -> np.ndarray:
    """The expression's value in float64; arrays broadcast."""
    names, function = _compile(expression)
    # NumPy computes all branches of exprel, also the one that divides by 0, and then selects.
    branches = np.errstate(divide="ignore", invalid="ignore") if expression.has(sympy.Piecewise) else nullcontext()
    with branches:
        return np.asarray(function(*(np.asarray(values[n], dtype=np.float64) for n in names)), dtype=np.float64)


@functools.lru_cache(maxsize=1024)
def _compile(expression: sympy.Expr) -> tuple[tuple[str, ...], Callable[..., np.ndarray | float]]:
    """Names and function of an expression; kept, as trained time constants ask for the same ones in every batch."""
    names = tuple(sorted(s.name for s in expression.free_symbols))
    return names, sympy.lambdify([make_symbol(n) for n in names], expression, modules="numpy", dummify=True)


def compile_scalars(names: Sequence[str], expressions: Sequence[sympy.Expr]) -> Callable[..., list[float]]:
    """A function of numbers, in the order of the names, that returns the values; far faster than arrays."""
    return sympy.lambdify([make_symbol(n) for n in names], list(expressions), modules="math", dummify=True, cse=True)
