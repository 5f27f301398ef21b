"""Time-stepping schemes: each turns a network's dynamics and adjoint into a program of code per step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...errors import unknown_name
from ...network.network import Network
from ..code_names import IsTaken, rename_for_code
from ..program import Program
from . import exact, grid
from .runge_kutta import Integration

__all__ = ["SCHEMES", "Integration", "build_program"]

SCHEMES: dict[str, Callable[[Network, Integration], Program]] = {"exact": exact.build, "grid": grid.build}


def build_program(
    network: Network,
    scheme: str,
    is_taken: IsTaken = lambda _: False,
    integration: Integration = Integration(),  # noqa: B008  frozen
) -> Program:
    """Derive the forward and backward code of a network.

    Parameters
    ----------
    network : the description.
    scheme : `exact` (spikes anywhere in a step) or `grid` (spikes at steps).
    is_taken : whether the back end's code uses a name itself; definitions' names of that kind are changed in the code.
    integration : how nonlinear populations are integrated.

    Raises
    ------
    SettingError
        The scheme is unknown, or cannot take one of the definitions.
    """
    if scheme not in SCHEMES:
        raise unknown_name("scheme", scheme, SCHEMES)
    coded = rename_for_code(network, is_taken)
    program = SCHEMES[scheme](coded.network, integration)
    populations = tuple(replace(p, public_names=coded.public[p.name]) for p in program.populations)
    return replace(program, network=network, populations=populations)
