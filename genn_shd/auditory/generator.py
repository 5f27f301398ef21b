"""Write the C source of an auditory periphery from its template. Nothing is compiled or run here."""

from __future__ import annotations

from ..network.snippets import write_scope
from ..toolchain.templates import load_templates
from .program import PeripheryProgram, StageProgram

BLOCK = 64
"""Channels that run side by side: enough vectors of them that one need not wait for another."""

PART = 8
"""Channels whose stimulus lies together."""

_ENVIRONMENT = load_templates("genn_shd.auditory")


def generate(program: PeripheryProgram, record: str | None = None) -> str:
    """Return the C source of a periphery: a complete translation unit.

    Parameters
    ----------
    program : what to write.
    record : state variable to be written out after every step; None for nothing.
    """
    return _ENVIRONMENT.get_template("periphery.c.j2").render(
        program=program,
        block=BLOCK,
        part=PART,
        record=record,
        last=program.stages[-1],
        random=[stage for stage in program.stages if stage.probability],
        spiking=[stage for stage in program.stages if stage.probability or stage.threshold],
        statements=lambda stage, code: _write_scope(program, stage, code),
        expression=lambda stage, code, target: _write_scope(program, stage, f"{target} = {code};", target),
    )


def list_values(program: PeripheryProgram) -> list[float]:
    """List the run-time values in the order in which the generated code takes them."""
    return [value for stage in program.stages for value in stage.values.values()]


def _write_scope(program: PeripheryProgram, stage: StageProgram, code: str, *results: str) -> str:
    """Let statements of one stage see its own run-time values and the state of all stages, of channel j."""
    first = sum(len(s.values) for s in program.stages[: program.stages.index(stage)])
    constants = {name: f"values_[{first + k}]" for k, name in enumerate(stage.values)}
    variables = {name: f"state_->{name}[j_]" for name in program.state}
    heard = {program.stimulus: "heard_[j_]"}
    return write_scope([code], variables, {**constants, **heard})
