"""Write the C code of an auditory periphery from its template."""

from __future__ import annotations

from ..network.snippets import write_scope
from ..toolchain.templates import load_templates
from .program import PeripheryProgram, StageProgram

BLOCK = 64
"""Channels that are simulated together: enough vector registers to hide the latency of operations."""

PART = 8
"""Number of channels whose stimulus is contiguous in memory."""

_ENVIRONMENT = load_templates("genn_shd.auditory")


def generate(program: PeripheryProgram, record: str | None = None) -> str:
    """Return the C code of a periphery, a complete translation unit.

    Parameters
    ----------
    program : the program of the periphery.
    record : state variable to record after every step; None for none.
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
    """List the run-time values in the order in which the generated code reads them."""
    return [value for stage in program.stages for value in stage.values.values()]


def _write_scope(program: PeripheryProgram, stage: StageProgram, code: str, *results: str) -> str:
    """Write statements of one stage, for channel j, with access to its run-time values and the state of all stages."""
    first = sum(len(s.values) for s in program.stages[: program.stages.index(stage)])
    constants = {name: f"values_[{first + k}]" for k, name in enumerate(stage.values)}
    variables = {name: f"state_->{name}[j_]" for name in program.state}
    heard = {program.stimulus: "heard_[j_]"}
    return write_scope([code], variables, {**constants, **heard})
