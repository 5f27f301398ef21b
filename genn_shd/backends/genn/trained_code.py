"""Code for the gradients of trained parameters of neurons; empty if there are none.

The variable `gradient_by_theta` accumulates the gradient with respect to the parameter theta, for each neuron and lane.
In linear populations (`TrainedProgram`) spikes add to it; outputs whose voltage the loss reads store the derivative of
that voltage in every step in the array `read_by_theta`. In nonlinear ones (`FlowProgram`) steps and spikes add to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...eventprop.program import PopulationProgram
from ...network.snippets import write_scope
from .blueprint import Variable
from .kept_state import place_of_step


def name_gradient(parameter: str) -> str:
    """Return the name of the variable that accumulates the gradient of a parameter."""
    return f"gradient_by_{parameter}"


def read_name(parameter: str) -> str:
    """Return the name of the array of derivatives, with respect to a parameter, of the voltage that the loss reads."""
    return f"read_by_{parameter}"


def list_trained_parameters(p: PopulationProgram) -> tuple[str, ...]:
    """List the names of the trained parameters of a population."""
    if p.flow:
        return p.flow.trained
    return tuple(p.trained.spike_gradient or p.trained.read) if p.trained else ()


def list_gradient_variables(p: PopulationProgram) -> tuple[Variable, ...]:
    """List the variables that accumulate gradients."""
    return tuple(Variable(name_gradient(theta)) for theta in list_trained_parameters(p))


def read_arrays(p: PopulationProgram) -> tuple[tuple[str, str], ...]:
    """(name, element type) of arrays of one number per step and neuron of every kept trial."""
    return tuple((read_name(theta), "scalar") for theta in p.trained.read) if p.trained else ()


def read_code(p: PopulationProgram, state: Mapping[str, str], values: Mapping[str, str], num_steps: int) -> str:
    """Write forward code, after a step, that stores the derivatives of the voltage that the loss reads."""
    if p.trained is None:
        return ""
    place = place_of_step("forward_slot", "step", num_steps)
    return "\n".join(
        write_scope([f"{read_name(theta)}[{place}] = {derivative};"], state, values)
        for theta, derivative in p.trained.read.items()
    )


def read_gradient_code(p: PopulationProgram, num_steps: int) -> str:
    """Write backward code that adds the contribution of the loss's `drive` in a step."""
    if p.trained is None:
        return ""
    place = place_of_step("back_slot", "back_step", num_steps)
    return "\n".join(f"{name_gradient(theta)} += drive * {read_name(theta)}[{place}];" for theta in p.trained.read)


def write_spike_gradient(p: PopulationProgram, constants: Mapping[str, str]) -> str:
    """Write backward code that adds the contribution of a spike; `constants` are those of the jump."""
    if p.trained is None:
        return ""
    return "\n".join(
        write_scope([f"gradient_so_far += {added};"], {"gradient_so_far": name_gradient(theta)}, constants)
        for theta, added in p.trained.spike_gradient.items()
    )


def write_adjoint(p: PopulationProgram, code: str, adjoint: Mapping[str, str], constants: Mapping[str, str]) -> str:
    """Write backward code of a population that changes its adjoint.

    In a nonlinear population, the value that the code assigns to `by_theta` is added to the gradient.
    """
    learnt = p.flow.trained if p.flow else ()
    return write_scope(
        [
            *(f"scalar by_{theta} = 0.0;" for theta in learnt),
            code,
            *(f"{_name_sum(theta)} += by_{theta};" for theta in learnt),
        ],
        {**adjoint, **{_name_sum(theta): name_gradient(theta) for theta in learnt}},
        constants,
    )


def _name_sum(parameter: str) -> str:
    """Return the name of a gradient inside snippets."""
    return f"gradient_so_far_{parameter}"
