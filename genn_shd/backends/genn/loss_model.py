"""Code of the loss in the output population, and the softmax of every step for losses that need it.

In generated code, the state x of the loss is `loss_x` for the sample that runs forward and `back_loss_x` for the one
that runs backward; a parameter x is `loss_value_x`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...eventprop.program import PopulationProgram
from ...network.definitions import LossModel
from ...network.snippets import write_scope
from ..formulae import Code, compute_cross_entropy, compute_softmax_term
from .blueprint import UpdateBlueprint, Variable


@dataclass(frozen=True)
class LossCode:
    """Code for the output population, and its parameters, variables and arrays; empty for other populations.

    Attributes
    ----------
    start, at_step, at_spike : forward: at the start of the trial, after every step, at a spike.
    back_start : at the start of the backward pass.
    voltage_drive : declares `drive`, the derivative of the loss with respect to the voltage of this step.
    spike_drive : declares `spike_drive`, the derivative with respect to the time of the spike in this step.
    """

    parameters: tuple[tuple[str, str], ...] = ()
    variables: tuple[Variable, ...] = ()
    arrays: tuple[tuple[str, str], ...] = ()
    start: str = ""
    at_step: str = ""
    at_spike: str = ""
    back_start: str = ""
    voltage_drive: str = ""
    spike_drive: str = ""


def write_output_code(loss: LossModel, output: PopulationProgram, num_steps: int, dt: float) -> LossCode:
    """Write the code of the loss in the output population."""
    return _Writer(loss, output, num_steps, dt).write()


class _Writer:
    """Writes the code, with the names that snippets use."""

    def __init__(self, loss: LossModel, output: PopulationProgram, num_steps: int, dt: float) -> None:
        self.loss, self.output, self.num_steps = loss, output, num_steps
        self.state = {x: f"loss_{x}" for x in loss.state}
        self.back_state = {x: f"back_loss_{x}" for x in loss.state}
        self.constants = {x: f"loss_value_{x}" for x in loss.parameters} | {"T": repr(num_steps * dt)}
        self.voltage = next(iter(output.state))
        self.every_step = loss.cross_entropy == "step"
        self.traced = self.every_step or loss.keeps_voltages

    def write(self) -> LossCode:
        loss = self.loss
        return LossCode(
            parameters=tuple((f"loss_value_{x}", "scalar") for x in loss.parameters),
            variables=self._list_variables(),
            arrays=self._list_arrays(),
            start=self._start(),
            at_step="\n".join([self._write_step(), self._write_end()]),
            at_spike=self._write_forward([loss.spike_code]) if loss.spike_code else "",
            back_start=self._write_back_start(),
            voltage_drive=self._write_drive("drive", loss.voltage_drive) if loss.reads != "spikes" else "",
            spike_drive=self._write_drive("spike_drive", loss.spike_drive) if loss.reads == "spikes" else "",
        )

    def _list_variables(self) -> tuple[Variable, ...]:
        names = [*self.state.values(), *self.back_state.values(), "logit", "output_loss"]
        return (
            *(Variable(name) for name in names),
            Variable("output_error", access="READ_ONLY_DUPLICATE"),
            Variable("label", "int", "READ_ONLY_DUPLICATE"),
            Variable("back_label", "int", "READ_ONLY_DUPLICATE"),
            *((Variable("step_loss"),) if self.every_step else ()),
        )

    def _list_arrays(self) -> tuple[tuple[str, str], ...]:
        arrays: tuple[tuple[str, str], ...] = (("loss_weight", "scalar"),)
        if self.traced:
            arrays += (("trace", "scalar"),)
        if self.every_step:
            arrays += (("trace_largest", "scalar"), ("trace_sum", "scalar"))
        return arrays

    def _map_step_names(self, step: str, slot: str) -> dict[str, str]:
        """Map names whose values depend on the step to expressions."""
        start = f"{write_first_step(slot, self.num_steps)} + " if self.loss.weighs_input else ""
        return {"t": f"({step} + 1) * dt", "weight": f"loss_weight[{start}{step}]"}

    def _write_forward(self, statements: Iterable[str]) -> str:
        constants = {
            "V": f"state_{self.voltage}",
            **self.constants,
            **self._map_step_names("step", "forward_slot"),
            "is_label": _is_label("label"),
        }
        return write_scope(statements, self.state, constants)

    def _start(self) -> str:
        return self._write_forward([f"{x} = {start};" for x, start in self.loss.state.items()])

    def _write_step(self) -> str:
        lines = [self._write_forward([self.loss.step_code])] if self.loss.step_code else []
        if self.traced:
            start = write_first_step("forward_slot", self.num_steps)
            lines.append(f"trace[(({start} + step) * num_neurons) + id] = state_{self.voltage};")
        return "\n".join(lines)

    def _write_end(self) -> str:
        """Write code that computes logit and loss of the output at the end of the last step."""
        results = [f"logit = {self.loss.logit};", f"output_loss = {self.loss.output_loss};"]
        return f"if (step == {self.num_steps - 1}) {self._write_forward(results)}"

    def _write_back_start(self) -> str:
        lines = [f"{self.back_state[x]} = {self.state[x]};" for x in self.state]
        if self.loss.reads == "spikes":
            first = self.output.adjoint[0]
            signal = write_scope(
                [f"adjoint_{first} += {self.loss.silent_label_signal};"], self.back_state, self.constants
            )
            lines.append(f"if ((int)id == back_label && back_next < 0) {signal}")
        return "\n".join(lines)

    def _write_drive(self, name: str, expression: str) -> str:
        """Declare the derivative of the loss outside the block that computes it."""
        constants = {**self.constants, **self._map_step_names("back_step", "back_slot"), **self._map_errors()}
        return f"scalar {name} = 0.0;\n" + write_scope([f"{name} = {expression};"], self.back_state, constants)

    def _map_errors(self) -> dict[str, str]:
        is_label = _is_label("back_label")
        place = f"{write_first_step('back_slot', self.num_steps)} + back_step"
        voltage = f"trace[(({place}) * num_neurons) + id]"
        seen = {"V": voltage} if self.loss.keeps_voltages else {}
        if not self.every_step:
            return {"error": "output_error", "is_label": is_label, **seen}
        term = compute_softmax_term(Code(voltage), Code(f"trace_largest[{place}]"), Code("loss_value_loss_scale"))
        softmax = f"{term} / trace_sum[{place}]"
        return {"error": f"loss_value_loss_scale * ({softmax} - ({is_label}))", "is_label": is_label, **seen}


def _is_label(label: str) -> str:
    return f"((int)id == {label}) ? 1.0 : 0.0"


def write_first_step(slot: str, num_steps: int) -> str:
    """Write the index of the first step of a sample in arrays with one entry per step."""
    return f"((({slot} * num_batch) + batch) * {num_steps})"


def make_softmax_updates(loss: LossModel, output: PopulationProgram, num_steps: int) -> tuple[UpdateBlueprint, ...]:
    """Make the update that computes the softmax of all steps after a trial, for losses with a cross-entropy per step.

    The steps are divided among the output neurons; each sums the cross-entropy of its steps.
    """
    if loss.cross_entropy != "step":
        return ()
    size, place = output.size, f"({write_first_step('forward_slot', num_steps)} + step)"
    largest, scale = Code("largest"), Code("loss_scale")
    term = compute_softmax_term(Code("trace[start + k]"), largest, scale)
    loss_of_step = compute_cross_entropy(Code("trace[start + label]"), largest, scale, Code("sum"))
    code = f"""
    scalar sum_of_losses = 0.0;
    for (int step = id; step < {num_steps}; step += {size}) {{
        const int start = {place} * {size};
        scalar largest = trace[start];
        scalar sum = 0.0;
        for (int k = 1; k < {size}; k++) {{ largest = fmax(largest, trace[start + k]); }}
        for (int k = 0; k < {size}; k++) {{ sum += {term}; }}
        trace_largest[{place}] = largest;
        trace_sum[{place}] = sum;
        if (label >= 0) {{ sum_of_losses += {loss_of_step}; }}
    }}
    step_loss = sum_of_losses / {num_steps}.0;
    """
    return (
        UpdateBlueprint(
            name="step_softmax",
            group="Softmax",
            subject=output.name,
            parameters=(("forward_slot", "int"), ("loss_scale", "scalar")),
            variables=(),
            references=(("step_loss", "scalar", "step_loss"), ("label", "int", "label")),
            read_only=("label",),
            arrays=(("trace", "scalar"), ("trace_largest", "scalar"), ("trace_sum", "scalar")),
            code=code,
        ),
    )
