"""Time-stepping schemes: each generates the program of a network from its dynamics and adjoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...errors import SettingError, unknown_name
from ...network.learning_rules import STDP, EProp, EventProp, LearningRule
from ...network.network import Network
from ..code_names import IsTaken, rename_for_code
from ..program import Program
from . import eprop, exact, grid, stdp, surrogate
from .runge_kutta import Integration

__all__ = ["SCHEMES", "Integration", "build_program"]

SCHEMES: dict[str, Callable[[Network, Integration], Program]] = {"exact": exact.build, "grid": grid.build}


def build_program(
    network: Network,
    scheme: str,
    is_taken: IsTaken = lambda _: False,
    integration: Integration = Integration(),  # noqa: B008  frozen
    rule: LearningRule = EventProp(),  # noqa: B008  frozen
) -> Program:
    """Derive the forward and backward code of a network.

    Parameters
    ----------
    network : the description.
    scheme : `exact` (spikes have times within steps) or `grid` (spikes are at the ends of steps).
    is_taken : whether the code of the back end uses a name; such names of definitions are changed in the code.
    integration : how nonlinear populations are integrated.
    rule : how gradients are computed; all rules except EventProp need the grid.

    Raises
    ------
    SettingError
        The scheme is unknown, or does not support one of the definitions.
    """
    if scheme not in SCHEMES:
        raise unknown_name("scheme", scheme, SCHEMES)
    coded = rename_for_code(network, is_taken)
    program = _derive_program(coded.network, scheme, integration, rule)
    populations = tuple(replace(p, public_names=coded.public[p.name]) for p in program.populations)
    return replace(program, network=network, populations=populations)


def _derive_program(network: Network, scheme: str, integration: Integration, rule: LearningRule) -> Program:
    if isinstance(rule, EventProp):
        _check_loss(network)
        return SCHEMES[scheme](network, integration)
    if scheme != "grid":
        raise SettingError(f"the learning rule {rule.name!r} is not supported by the scheme {scheme!r}; use 'grid'.")
    if isinstance(rule, STDP):
        return stdp.build(network, integration, rule)
    if isinstance(rule, EProp):
        return eprop.build(network, integration, rule)
    return surrogate.build(network, integration, rule)


def _check_loss(network: Network) -> None:
    if network.loss.reads == "spikes" and not network.loss.differentiable:
        raise SettingError(
            f"loss {network.loss.name!r} does not depend on the times of spikes, so it has no gradient; use the "
            "learning rule 'stdp', or another loss, such as 'first_spike'."
        )
