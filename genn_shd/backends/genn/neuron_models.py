"""Populations that compute: a program's snippets in GeNN's order of a step.

In step m of a pass, the forward half runs step m of one sample and the backward half step num_steps - 1 - m of
another (or of the same, in a pass of its own). Spikes and backward events of a step are processed at the start of the
next, which is where the grid scheme wants them: arrivals before the neurons advance, feedback and weight gradients
from the adjoint after the step of the spike.

Names of definitions are given to snippets in blocks of their own; outside these, the state x is `state_x`, the
adjoint `adjoint_x`, a parameter or coefficient `value_x`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...eventprop.program import PopulationProgram
from ...network.snippets import scoped, uses
from .blueprint import NeuronBlueprint, Variable
from .kept_state import keep_code, kept_arrays, kept_values
from .loss_model import LossCode
from .source_model import TIMING, step_type
from .trained_code import (
    adjoint_code,
    gradient_variables,
    read_arrays,
    read_code,
    read_gradient_code,
    spike_gradient_code,
)
from .trial import Trial

SLOTS = (("forward_slot", "int"), ("back_slot", "int"))


def population_blueprint(p: PopulationProgram, trial: Trial, loss: LossCode | None = None) -> NeuronBlueprint:
    """The GeNN neurons of a population; `loss` is that of the output population."""
    names = _Names(p)
    loss = loss or LossCode()
    code = "\n".join(
        [
            "const int step = (int)(t / dt + 0.5);",
            "int fired = 0;",
            *_tape_places(p, trial),
            "if (batch < num_backward) {",
            _backward(p, names, trial, loss),
            "}",
            "if (batch < num_forward) {",
            _forward(p, names, trial, loss),
            "}",
        ]
    )
    used = uses(code)
    return NeuronBlueprint(
        name=p.name,
        size=p.size,
        parameters=(*TIMING, *SLOTS, *loss.parameters),
        variables=(
            *(Variable(v) for v in [*names.state.values(), *names.adjoint.values()]),
            *(Variable(v, access="READ_ONLY") for v in names.values.values() if v in used),
            Variable("feedback_out"),
            Variable("gradient_out"),
            *_spike_variables(p),
            *gradient_variables(p),
            *loss.variables,
        ),
        arrays=tuple(
            a for a in (*_tape_arrays(p, trial), *kept_arrays(p), *read_arrays(p), *loss.arrays) if a[0] in used
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


def _spike_variables(p: PopulationProgram) -> tuple[Variable, ...]:
    if p.spike is None:
        return ()
    return (
        Variable("num_spikes", "int"),
        Variable("back_next", "int"),
        Variable("back_spike", "uint8_t"),
        Variable("count_signal", access="READ_ONLY_DUPLICATE"),
    )


def _tape_arrays(p: PopulationProgram, trial: Trial) -> tuple[tuple[str, str], ...]:
    if p.spike is None:
        return ()
    return (("tape_step", step_type(trial.num_steps)), *((f"tape_{x}", "scalar") for x in p.spike.tape))


def _tape_places(p: PopulationProgram, trial: Trial) -> list[str]:
    """Code of the starts of a neuron's tapes: of the sample that runs forward, and of the one that runs backward."""
    if p.spike is None:
        return []
    place = f"(((({{slot}} * num_batch) + batch) * num_neurons) + id) * {trial.max_spikes}"
    return [
        f"const int tape = {place.format(slot='forward_slot')};",
        f"const int back_tape = {place.format(slot='back_slot')};",
        "back_spike = 0;",
    ]


def _forward(p: PopulationProgram, names: _Names, trial: Trial, loss: LossCode) -> str:
    """Arrivals, advance, spike and tape, reset, decay, and what the loss reads off."""
    arrival = scoped([f"{p.receives} += Isyn;"], names.state, {})
    lines = ["if (step == 0) {"]
    lines += [f"{names.state[x]} = {start!r};" for x, start in p.state.items()]
    lines += ["num_spikes = 0;"] if p.spike else []
    lines += [loss.start, "}", f"else {arrival}", keep_code(p, names.state, trial.num_steps)]
    crossed = ""
    if p.spike and p.spike.from_below:
        crossed = "below && "
        lines += [
            "int below = 0;",
            scoped([f"if ({p.spike.threshold} < 0.0) {{ below = 1; }}"], names.state, names.values),
        ]
    lines.append(scoped([p.advance_code], names.state, names.values))
    if p.spike:
        lines += [
            scoped([f"if ({crossed}{p.spike.threshold} >= 0.0) {{ fired = 1; }}"], names.state, names.values),
            "if (fired) {",
            _record(p.spike.tape, names, trial),
            "num_spikes += 1;",
            scoped([p.spike.reset_code], names.state, names.values),
            loss.at_spike,
            "}",
        ]
    lines += [scoped([p.decay_code], names.state, names.values), loss.at_step]
    lines.append(read_code(p, names.state, names.values, trial.num_steps))
    return "\n".join(lines)


def _record(tape: Mapping[str, str], names: _Names, trial: Trial) -> str:
    """Code that writes a spike to the tape; beyond the tape's room it is only counted, and the driver reports it."""
    stores = [f"tape_{x}[tape + num_spikes] = {expression};" for x, expression in tape.items()]
    inner = scoped(["tape_step[tape + num_spikes] = step;", *stores], names.state, names.values)
    return f"if (num_spikes < {trial.max_spikes}) {inner}"


def _backward(p: PopulationProgram, names: _Names, trial: Trial, loss: LossCode) -> str:
    """Jump at a spike of this step, the loss at its end, the adjoint back over it, and what arrivals at its start
    read: the error that goes back to senders and the gradient of weights."""
    seen, constants = names.adjoint, {**names.values, **kept_values(p, trial.num_steps)}
    lines = [f"const int back_step = {trial.num_steps} - 1 - step;", "if (step == 0) {"]
    lines += [f"{variable} = 0.0;" for variable in seen.values()]
    lines += [f"back_next = min(num_spikes, {trial.max_spikes}) - 1;"] if p.spike else []
    lines += [loss.back_start, "}"]
    if p.spike:
        lines.append(_jump(p, names, loss))
    adjoint = adjoint_code(p, p.adjoint_code, seen, constants)
    if loss.voltage_drive:
        learnt = read_gradient_code(p, trial.num_steps)
        lines += ["{", loss.voltage_drive, learnt, scoped([p.drive_code], seen, names.values), adjoint, "}"]
    else:
        lines.append(adjoint)
    lines += [
        scoped([f"feedback_out = {p.feedback};"], seen, constants),
        scoped([f"gradient_out = {p.weight_gradient};"], seen, names.values),
    ]
    if p.spike:
        lines += [
            "if (back_next >= 0) {",
            "if (tape_step[back_tape + back_next] == back_step - 1) { back_spike = 1; }",
            "}",
        ]
    return "\n".join(lines)


def _jump(p: PopulationProgram, names: _Names, loss: LossCode) -> str:
    assert p.spike is not None
    stored = {x: f"tape_{x}[back_tape + back_next]" for x in p.spike.tape}
    constants = {**names.values, **stored, "feedback": "feedback_in"}
    return "\n".join(
        [
            "if (back_next >= 0) {",
            "if (tape_step[back_tape + back_next] == back_step) {",
            loss.spike_drive or "const scalar spike_drive = 0.0;",
            spike_gradient_code(p, constants),
            adjoint_code(p, p.spike.jump_code, names.adjoint, constants),
            "back_next -= 1;",
            "}",
            "}",
        ]
    )
