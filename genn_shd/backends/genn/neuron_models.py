"""GeNN neurons of populations: the snippets of a program in GeNN's order of a step.

In step m of a pass, the forward part executes step m of one sample, and the backward part step num_steps - 1 - m of
another sample (or of the same, in a separate pass). Spikes and backward events of a step are processed at the start of
the next step, as the grid scheme requires: arrivals before neurons advance, feedback and weight gradients from the
adjoint after the step of the spike.

Snippets use the names of definitions in separate blocks; outside these, the state x is `state_x`, the adjoint
`adjoint_x`, and a parameter or coefficient `value_x`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...eventprop.program import PopulationProgram
from ...network.snippets import find_names, write_scope
from .blueprint import NeuronBlueprint, Variable
from .kept_state import keep_code, list_kept_arrays, write_kept_values
from .loss_model import LossCode
from .source_model import TIMING, choose_step_type
from .trained_code import (
    list_gradient_variables,
    read_arrays,
    read_code,
    read_gradient_code,
    write_adjoint,
    write_spike_gradient,
)
from .trial import Trial

SLOTS = (("forward_slot", "int"), ("back_slot", "int"))


def make_population_blueprint(p: PopulationProgram, trial: Trial, loss: LossCode | None = None) -> NeuronBlueprint:
    """Make the GeNN neurons of a population; `loss` is code for the output population."""
    names = _Names(p)
    loss = loss or LossCode()
    code = "\n".join(
        [
            "const int step = (int)(t / dt + 0.5);",
            "int fired = 0;",
            *_write_tape_places(p, trial),
            "if (batch < num_backward) {",
            _write_backward(p, names, trial, loss),
            "}",
            "if (batch < num_forward) {",
            _write_forward(p, names, trial, loss),
            "}",
        ]
    )
    used = find_names(code)
    return NeuronBlueprint(
        name=p.name,
        size=p.size,
        parameters=(*TIMING, *SLOTS, *loss.parameters),
        variables=(
            *(Variable(v) for v in [*names.state.values(), *names.adjoint.values()]),
            *(Variable(v, access="READ_ONLY") for v in names.values.values() if v in used),
            Variable("feedback_out"),
            Variable("gradient_out"),
            *_list_spike_variables(p),
            *list_gradient_variables(p),
            *loss.variables,
        ),
        arrays=tuple(
            a
            for a in (*_list_tape_arrays(p, trial), *list_kept_arrays(p), *read_arrays(p), *loss.arrays)
            if a[0] in used
        ),
        inputs=("feedback_in",) if p.spike else (),
        code=code,
        threshold="fired" if p.spike else "",
    )


class _Names:
    """Names of GeNN variables by names of definitions."""

    def __init__(self, p: PopulationProgram) -> None:
        self.state = {x: f"state_{x}" for x in p.state}
        self.adjoint = {x: f"adjoint_{x}" for x in p.adjoint}
        self.values = {x: f"value_{x}" for x in p.values}


def _list_spike_variables(p: PopulationProgram) -> tuple[Variable, ...]:
    if p.spike is None:
        return ()
    return (
        Variable("num_spikes", "int"),
        Variable("back_next", "int"),
        Variable("back_spike", "uint8_t"),
        Variable("count_signal", access="READ_ONLY_DUPLICATE"),
    )


def _list_tape_arrays(p: PopulationProgram, trial: Trial) -> tuple[tuple[str, str], ...]:
    if p.spike is None:
        return ()
    return (("tape_step", choose_step_type(trial.num_steps)), *((f"tape_{x}", "scalar") for x in p.spike.tape))


def _write_tape_places(p: PopulationProgram, trial: Trial) -> list[str]:
    """Write code for the start of a neuron's tapes, of the samples that run forward and backward."""
    if p.spike is None:
        return []
    place = f"(((({{slot}} * num_batch) + batch) * num_neurons) + id) * {trial.max_spikes}"
    return [
        f"const int tape = {place.format(slot='forward_slot')};",
        f"const int back_tape = {place.format(slot='back_slot')};",
        "back_spike = 0;",
    ]


def _write_forward(p: PopulationProgram, names: _Names, trial: Trial, loss: LossCode) -> str:
    """Write the forward step: arrivals, advance, spike and tape, reset, and the loss."""
    arrival = write_scope([f"{p.receives} += Isyn;"], names.state, {})
    lines = ["if (step == 0) {"]
    lines += [f"{names.state[x]} = {start!r};" for x, start in p.state.items()]
    lines += ["num_spikes = 0;"] if p.spike else []
    lines += [loss.start, "}", f"else {arrival}", keep_code(p, names.state, trial.num_steps)]
    crossed = ""
    if p.spike and p.spike.from_below:
        crossed = "below && "
        lines += [
            "int below = 0;",
            write_scope([f"if ({p.spike.threshold} < 0.0) {{ below = 1; }}"], names.state, names.values),
        ]
    lines.append(write_scope([p.advance_code], names.state, names.values))
    if p.spike:
        lines += [
            write_scope([f"if ({crossed}{p.spike.threshold} >= 0.0) {{ fired = 1; }}"], names.state, names.values),
            "if (fired) {",
            _record(p.spike.tape, names, trial),
            "num_spikes += 1;",
            write_scope([p.spike.reset_code], names.state, names.values),
            loss.at_spike,
            "}",
        ]
    lines += [write_scope([p.decay_code], names.state, names.values), loss.at_step]
    lines.append(read_code(p, names.state, names.values, trial.num_steps))
    return "\n".join(lines)


def _record(tape: Mapping[str, str], names: _Names, trial: Trial) -> str:
    """Write code that stores a spike on the tape; spikes beyond `max_spikes` are only counted."""
    stores = [f"tape_{x}[tape + num_spikes] = {expression};" for x, expression in tape.items()]
    inner = write_scope(["tape_step[tape + num_spikes] = step;", *stores], names.state, names.values)
    return f"if (num_spikes < {trial.max_spikes}) {inner}"


def _write_backward(p: PopulationProgram, names: _Names, trial: Trial, loss: LossCode) -> str:
    """Write the backward step: jump at a spike, loss, adjoint over the step, and values for arrivals at its start.

    Arrivals read the error that is sent back to sources, and the gradient of weights.
    """
    seen, constants = names.adjoint, {**names.values, **write_kept_values(p, trial.num_steps)}
    lines = [f"const int back_step = {trial.num_steps} - 1 - step;", "if (step == 0) {"]
    lines += [f"{variable} = 0.0;" for variable in seen.values()]
    lines += [f"back_next = min(num_spikes, {trial.max_spikes}) - 1;"] if p.spike else []
    lines += [loss.back_start, "}"]
    if p.spike:
        lines.append(_write_jump(p, names, loss))
    adjoint = write_adjoint(p, p.adjoint_code, seen, constants)
    if loss.voltage_drive:
        learnt = read_gradient_code(p, trial.num_steps)
        lines += ["{", loss.voltage_drive, learnt, write_scope([p.drive_code], seen, names.values), adjoint, "}"]
    else:
        lines.append(adjoint)
    lines += [
        write_scope([f"feedback_out = {p.feedback};"], seen, constants),
        write_scope([f"gradient_out = {p.weight_gradient};"], seen, names.values),
    ]
    if p.spike:
        lines += [
            "if (back_next >= 0) {",
            "if (tape_step[back_tape + back_next] == back_step - 1) { back_spike = 1; }",
            "}",
        ]
    return "\n".join(lines)


def _write_jump(p: PopulationProgram, names: _Names, loss: LossCode) -> str:
    assert p.spike is not None
    stored = {x: f"tape_{x}[back_tape + back_next]" for x in p.spike.tape}
    constants = {**names.values, **stored, "feedback": "feedback_in"}
    return "\n".join(
        [
            "if (back_next >= 0) {",
            "if (tape_step[back_tape + back_next] == back_step) {",
            loss.spike_drive or "const scalar spike_drive = 0.0;",
            write_spike_gradient(p, constants),
            write_adjoint(p, p.spike.jump_code, names.adjoint, constants),
            "back_next -= 1;",
            "}",
            "}",
        ]
    )
