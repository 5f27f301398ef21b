"""Surrogates: smooth functions used instead of the derivative of a spike, which is zero or infinite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sympy

from ..errors import SettingError, unknown_name
from ..system.import_path import is_import_path, load_object
from ..system.lazy_mapping import LazyMapping
from ..system.numbers import check_positive
from .expressions import make_symbol, parse


@dataclass(frozen=True)
class Surrogate:
    """The surrogate derivative of a spike by the distance from the threshold: height * shape(slope * distance).

    Attributes
    ----------
    name : name in messages.
    shape : expression of `y`, usually 1 at y = 0, in the expression part of the snippet language.
    slope : factor of the distance, which is the value of the neuron's threshold expression (for LIF: V - v_threshold).
    height : value at the threshold.
    """

    name: str
    shape: str
    slope: float = 1.0
    height: float = 1.0

    def __post_init__(self) -> None:
        check_positive(f"slope of surrogate {self.name!r}", self.slope)
        check_positive(f"height of surrogate {self.name!r}", self.height)
        if not parse(self.shape, ["y"]).free_symbols:
            raise SettingError(f"surrogate {self.name!r}: its shape {self.shape!r} does not depend on y.")

    def differentiate_spike(self, distance: sympy.Expr) -> sympy.Expr:
        """Return the derivative as an expression of the distance from the threshold."""
        y = sympy.Float(self.slope) * distance
        return sympy.Float(self.height) * parse(self.shape, ["y"]).subs(make_symbol("y"), y)


_SHAPES: dict[str, dict[str, Any]] = {
    "fast_sigmoid": {"shape": "1 / (1 + fabs(y))**2", "slope": 25.0},
    "arctan": {"shape": "1 / (1 + (1.5707963267948966 * y)**2)", "slope": 2.0},
    "triangle": {"shape": "fmax(0, 1 - fabs(y))", "height": 0.3},
    "boxcar": {"shape": "fmin(1, fmax(0, 1e9 * (0.5 - fabs(y))))"},
    "slayer": {"shape": "exp(-fabs(y))", "slope": 5.0},
}
# Made on first use, as plasticities are.
SURROGATES: Mapping[str, Surrogate] = LazyMapping(
    {name: partial(Surrogate, name, **values) for name, values in _SHAPES.items()}
)
"""Surrogates by name, with their usual constants for a threshold of 1: `fast_sigmoid` (Zenke & Ganguli 2018; slope of
snnTorch), `arctan` (Fang et al. 2021), `triangle` (Bellec et al. 2018), `boxcar` (1 if the distance is below 0.5, else
0) and `slayer` (Shrestha & Orchard 2018)."""


def find_surrogate(name: str) -> Surrogate:
    """Return the surrogate with a name, or at an import path `module:name`.

    Raises
    ------
    SettingError
        There is none.
    """
    if is_import_path(name):
        return load_object(name, "surrogate", Surrogate, "make one with Surrogate (docs/theory/learning_rules.md)")
    if name not in SURROGATES:
        raise unknown_name("surrogate", name, SURROGATES)
    return SURROGATES[name]
