"""The stored state of nonlinear populations at the start of every step, from which their adjoint is computed.

An array `kept_x` has the state variable x, after arrivals, of every step of all stored trials. Linear populations store
nothing, since their adjoint does not depend on the state between spikes.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...eventprop.program import PopulationProgram
from ...network.snippets import find_names
from .loss_model import write_first_step


def list_kept_variables(p: PopulationProgram) -> tuple[str, ...]:
    """List the state variables that the adjoint of a step reads."""
    if p.flow is None:
        return ()
    read = find_names(p.adjoint_code, p.feedback)
    return tuple(x for x in p.adjoint_state if x in read)


def list_kept_arrays(p: PopulationProgram) -> tuple[tuple[str, str], ...]:
    """List (name, element type) of the arrays, with one number per step and neuron of every stored trial."""
    return tuple((_name_array(x), "scalar") for x in list_kept_variables(p))


def keep_code(p: PopulationProgram, state: Mapping[str, str], num_steps: int) -> str:
    """Write forward code, after arrivals, that stores the state; `state` maps variables to names in the code."""
    place = place_of_step("forward_slot", "step", num_steps)
    return "\n".join(f"{_name_array(x)}[{place}] = {state[x]};" for x in list_kept_variables(p))


def write_kept_values(p: PopulationProgram, num_steps: int) -> dict[str, str]:
    """Write, for backward code, expressions of the state variables at the start of a step."""
    place = place_of_step("back_slot", "back_step", num_steps)
    return {x: f"{_name_array(x)}[{place}]" for x in list_kept_variables(p)}


def place_of_step(slot: str, step: str, num_steps: int) -> str:
    """Write the index of a step and neuron in arrays with one number per step and neuron of every stored trial."""
    return f"(({write_first_step(slot, num_steps)} + {step}) * num_neurons) + id"


def _name_array(variable: str) -> str:
    return f"kept_{variable}"
