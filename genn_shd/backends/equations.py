"""Write the equations of a network as text, for the opening comment of generated code."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator

from ..eventprop.program import PopulationProgram, Program
from ..network.definitions import CURRENT
from ..network.network import Population
from ..toolchain.format import MARGIN


def write_comment(lines: Iterable[str]) -> str:
    """Write lines as a comment in C, within the margin."""
    text = "\n".join("   " + line if line else "" for line in (_wrap(line) for line in lines))
    return f"/* {as_comment(text.lstrip())} */"


def as_comment(text: str) -> str:
    """Return text that can be part of a comment in C."""
    return text.replace("*/", "* /")


def _wrap(line: str) -> str:
    """Break a line at the margin, and indent its continuation."""
    indent = len(line) - len(line.lstrip())
    further = " " * (indent + 3 if indent == 0 else indent + 7)
    return textwrap.fill(line, MARGIN - 6, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)


def list_equations(program: Program) -> Iterator[str]:
    """List the equations of populations, in the names of definitions, the connections and the loss, line by line."""
    yield from _list_lines(program, lambda described, p: [*_describe_dynamics(described, p), *_describe_adjoint(p)])


def list_dynamics(program: Program) -> Iterator[str]:
    """List the lines of `list_equations` except those about gradients."""
    yield from _list_lines(program, _describe_dynamics)


def _list_lines(program: Program, of: Callable[[Population, PopulationProgram], Iterable[str]]) -> Iterator[str]:
    network = program.network
    yield f"{network.input.name}: {network.input.size} spike sources"
    for p in program.populations:
        yield from of(network.find_population(p.name), p)
    for connection in program.connections:
        pre, post = network.get_weight_shape(connection)
        yield f"{connection.name}: {pre} x {post} weights"
    yield f"loss {network.loss.name}: {network.loss.description}"


def _describe_dynamics(described: Population, p: PopulationProgram) -> Iterator[str]:
    neuron, synapse = described.neuron, described.synapse
    assert neuron is not None and synapse is not None
    yield f"{p.name}: {p.size} neurons ({neuron.name}, {synapse.name} synapses)"
    for x, rate in {**neuron.dynamics, **synapse.dynamics}.items():
        yield f"  d{x}/dt = {rate}"
    if synapse.current is not None:
        yield f"  {CURRENT} = {synapse.current}"
    yield f"  {synapse.receives} += weight when a spike arrives"
    if described.trained:
        yield f"  trained: {', '.join(described.trained)}"
    if p.spike:
        yield f"  spikes when {neuron.threshold} = 0"
        yield from (f"    {x} = {value} after a spike" for x, value in neuron.reset.items())


def _describe_adjoint(p: PopulationProgram) -> Iterator[str]:
    if p.plasticity:
        yield "  STDP of the weights onto it, as a fraction of their range:"
        yield f"    {p.plasticity.potentiation} at a spike, t after the last arrival"
        yield f"    {p.plasticity.depression} at an arrival, t after the last spike"
        return
    if p.eligibility:
        yield "  e-prop: eligibility traces of synapses, forward in time, times a learning signal"
        yield from (f"    {name} = {value} of a neuron" for name, value in p.eligibility.neuron.items())
        return
    if p.surrogate:
        yield "  surrogate gradient; a step of the adjoint back:"
        yield from (f"    {line}" for line in p.surrogate.back_code.removesuffix(";").split("; "))
    elif p.spike and not p.flow:
        for statement in p.spike.jump_code.removesuffix(";").split("; "):
            yield f"    {statement} at a spike, backward"
    if p.flow:
        yield "  nonlinear: integrated by a Runge-Kutta method; backward by its exact adjoint"
    yield f"  gradient of a weight: {p.weight_gradient} when a spike arrives, summed over spikes"
    yield f"  error sent back to the source: weight times ({p.feedback})"
