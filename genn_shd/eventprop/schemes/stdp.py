"""Spike-timing-dependent plasticity on the grid: weights onto the outputs change while a trial runs.

In each step n of the grid, for each weight w from i to j:

1. a spike of i arrives: w changes by the depression at t = (n - m - 1) dt, where m is the step of the last spike of j,
   unless t = 0; then the spike adds w to j, as always;
2. j spikes: w changes by the potentiation at t = (n + 1 - m) dt, where m is the step of the last arrival from i.

A spike is at the end of its step, an arrival at the start. Nothing is paired with spikes of other trials.
"""

from __future__ import annotations

from dataclasses import replace

from ...errors import SettingError
from ...network.expressions import parse, to_code
from ...network.learning_rules import STDP
from ...network.network import Network
from ...network.plasticity import NAMES
from ..program import PlasticityProgram, PopulationProgram, Program
from . import grid
from .runge_kutta import Integration


def build(network: Network, integration: Integration, rule: STDP) -> Program:
    """Build the program of a network on the grid, whose weights onto the outputs change by pairs of spikes.

    Raises
    ------
    SettingError
        The rule does not support a part of the network, which the message names.
    """
    _check_network(network)
    program = grid.build(network, integration)
    fixed = [_remove_adjoint(p) for p in program.populations]
    return replace(program, populations=(*fixed[:-1], replace(fixed[-1], plasticity=_build_changes(rule))), rule=rule)


def _check_network(network: Network) -> None:
    if network.loss.reads != "spikes":
        raise SettingError(
            f"the learning rule 'stdp' needs outputs that spike, but loss {network.loss.name!r} reads voltages; choose "
            "a loss that reads spikes, such as 'spike_count'."
        )
    if network.delayed_connections:
        name = network.delayed_connections[0].name
        raise SettingError(
            f"the learning rule 'stdp' does not support delays of connection {name!r}; use delayed copies of the input."
        )
    for population in network.populations[1:]:
        rule = population.regularisation
        unused = {
            "trained parameters": population.trained,
            "lost spikes": population.dropout is not None,
            "regularisation of spike counts": rule
            and (rule.strength_upper or rule.strength_lower or rule.strength_total),
        }
        for what, is_there in unused.items():
            if is_there:
                raise SettingError(
                    f"the learning rule 'stdp' does not use {what} of population {population.name!r}; remove them."
                )


def _remove_adjoint(p: PopulationProgram) -> PopulationProgram:
    """Return only the forward code."""
    return replace(p.remove_adjoint(), spike=p.spike and replace(p.spike, tape={}, jump_code=""))


def _build_changes(rule: STDP) -> PlasticityProgram:
    window = rule.window
    return PlasticityProgram(*(to_code(parse(text, NAMES)) for text in (window.potentiation, window.depression)))
