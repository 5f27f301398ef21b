"""Time-stepping schemes: each turns a network's dynamics and adjoint into a program of code per step."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import unknown_name
from ...network.network import Network
from ..program import Program
from . import exact, grid

SCHEMES: dict[str, Callable[[Network], Program]] = {"exact": exact.build, "grid": grid.build}


def build_program(network: Network, scheme: str) -> Program:
    """The network's program under the named scheme."""
    if scheme not in SCHEMES:
        raise unknown_name("scheme", scheme, SCHEMES)
    return SCHEMES[scheme](network)
