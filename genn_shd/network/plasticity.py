"""Plasticity: how a pair of spikes changes the weight of a synapse, for the learning rule STDP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import SettingError, unknown_name
from ..system.import_path import is_import_path, load_object
from ..system.lazy_mapping import LazyMapping
from .expressions import make_symbol, parse

NAMES = ("t", "w")


@dataclass(frozen=True)
class Plasticity:
    """Change of a weight by a pair of spikes, as a fraction of the range of weights.

    Both expressions can use `t`, the time between the spikes, > 0 (ms), and `w`, the weight between its limits, from 0
    to 1, in the expression part of the snippet language.

    Attributes
    ----------
    name : name in messages.
    potentiation : change at a spike of the target, t after the last spike of the source has arrived; usually > 0.
    depression : change at an arrival from the source, t after the last spike of the target; usually < 0.
    """

    name: str
    potentiation: str
    depression: str

    def __post_init__(self) -> None:
        for text in (self.potentiation, self.depression):
            if make_symbol("t") not in parse(text, NAMES).free_symbols:
                raise SettingError(f"plasticity {self.name!r}: {text!r} does not depend on the time t.")


def _make_pair_based() -> Plasticity:
    return Plasticity("pair", "0.01 * exp(-t / 20.0)", "-0.005 * exp(-t / 20.0)")


def _make_nanocomposite() -> Plasticity:
    """Return a w (1 - tanh((t - mu) / tau)), written with an exponential."""

    def write(amplitude: float, mu: float, tau: float) -> str:
        return f"{2 * amplitude} * w / (1 + exp(2 * (t - {mu}) / {tau}))"

    return Plasticity(
        "cofeb_linbo3",
        write(0.07376001452742792, 26.730656991521247, 9.300596954566565),
        f"-({write(0.04963699617346189, 22.325265872889496, 10.81180238558187)})",
    )


def _make_parylene() -> Plasticity:
    """Return alpha exp(-beta b) y exp(-gamma y^2), y = t / tau, where b is the distance of w from a limit."""

    def write(alpha: float, beta: float, gamma: float, distance: str, tau: float = 10.0) -> str:
        return f"{alpha} * exp({-beta} * {distance}) * t / {tau} * exp({-gamma} * (t / {tau})**2)"

    return Plasticity(
        "ppx",
        write(0.3161977426412055, 2.213043124548639, 0.031839429846118886, "(1 - w)"),
        f"-({write(0.011297914920262086, -5.9693974750170025, 0.14568323501051358, 'w')})",
    )


# Made on first use: SymPy takes longer to parse them than half of the package to be imported.
PLASTICITIES: Mapping[str, Plasticity] = LazyMapping(
    {"pair": _make_pair_based, "cofeb_linbo3": _make_nanocomposite, "ppx": _make_parylene}
)
"""Plasticities by name.

`pair` has exponential windows, as in most models; its constants are a choice of this toolkit. `cofeb_linbo3` is a
memristor of a (CoFeB)x(LiNbO3)100-x nanocomposite (Demin et al., Neural Netw. 134, 64, 2021), `ppx` one of
poly-p-xylylene (measured by Minnekhanov et al., Sci. Rep. 9, 10800, 2019). Both were used for spoken digits by Vlasov
et al. (2022) and Rybka et al. (Big Data Cogn. Comput. 8, 22, 2024); form and constants of the fits are those of the
NEST modules that these authors published (github.com/sag111/Sparse-WTA-SNN), not checked against the text of the
papers.
"""


def find_plasticity(name: str) -> Plasticity:
    """Return the plasticity with a name, or at an import path `module:name`.

    Raises
    ------
    SettingError
        There is none.
    """
    if is_import_path(name):
        return load_object(name, "plasticity", Plasticity, "make one with Plasticity (docs/theory/learning_rules.md)")
    if name not in PLASTICITIES:
        raise unknown_name("plasticity", name, PLASTICITIES)
    return PLASTICITIES[name]
