"""The state of nonlinear populations at the start of every step, which their adjoint is computed from.

An array `kept_x` has the state variable x of every step, arrivals included, of all kept trials. Nothing is kept of
linear populations, whose adjoint does not depend on the state between spikes.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...eventprop.program import PopulationProgram
from ...network.snippets import find_names
from .loss_model import write_first_step


def list_kept_variables(p: PopulationProgram) -> tuple[str, ...]:
    """State variables that the adjoint over a step reads."""
    if p.flow is None:
        return ()
    read = find_names(p.adjoint_code, p.feedback)
    return tuple(x for x in p.adjoint_state if x in read)


def list_kept_arrays(p: PopulationProgram) -> tuple[tuple[str, str], ...]:
    """(name, element type) of arrays of one number per step and neuron of every kept trial."""
    return tuple((_name_array(x), "scalar") for x in list_kept_variables(p))


def keep_code(p: PopulationProgram, state: Mapping[str, str], num_steps: int) -> str:
    """Forward, after arrivals: keeps the state. `state`: names outside of snippets."""
    place = place_of_step("forward_slot", "step", num_steps)
    return "\n".join(f"{_name_array(x)}[{place}] = {state[x]};" for x in list_kept_variables(p))


def write_kept_values(p: PopulationProgram, num_steps: int) -> dict[str, str]:
    """Backward: state variable -> expression of its value at the start of the step."""
    place = place_of_step("back_slot", "back_step", num_steps)
    return {x: f"{_name_array(x)}[{place}]" for x in list_kept_variables(p)}


def place_of_step(slot: str, step: str, num_steps: int) -> str:
    """Code of the index of a step and neuron in arrays of one number per step and neuron of every kept trial."""
    return f"(({write_first_step(slot, num_steps)} + {step}) * num_neurons) + id"


def _name_array(variable: str) -> str:
    return f"kept_{variable}"
