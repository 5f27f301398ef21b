"""The spike source: reads the samples in device memory, forward for one sample and backward for another.

A sample is a row of `spike_start`: the spikes of unit u lie at `spike_start[row (N + 1) + u]` up to the next entry in
`spike_step`, as time bins in order. Moving to other samples changes the rows' numbers and nothing else.

GeNN's neurons spike at most once a step, so a source also says how many spikes of its bin it stands for.
"""

from __future__ import annotations

from .blueprint import NeuronBlueprint, Variable

TIMING = (("num_forward", "int"), ("num_backward", "int"))

_CODE = """
const int step = (int)(t / dt + 0.5);
arrivals = 0.0;
back_arrivals = 0.0;
back_spike = 0;
if (batch < num_backward) {
    const int last_step = %(num_steps)d - 1 - step;
    const int start = spike_start[(back_row * (num_neurons + 1)) + id];
    if (step == 0) {
        back_next = spike_start[(back_row * (num_neurons + 1)) + id + 1] - 1;
    }
    while (back_next >= start && spike_step[back_next] >= last_step) {
        back_next -= 1;
    }
    while (back_next >= start && spike_step[back_next] == last_step - 1) {
        back_next -= 1;
        back_arrivals += 1.0;
    }
    if (back_arrivals > 0.0) {
        back_spike = 1;
    }
}
if (batch < num_forward) {
    const int end = spike_start[(row * (num_neurons + 1)) + id + 1];
    if (step == 0) {
        next = spike_start[(row * (num_neurons + 1)) + id];
    }
    while (next < end && spike_step[next] == step) {
        next += 1;
        arrivals += 1.0;
    }
}
"""


def step_type(num_steps: int) -> str:
    """The smallest element type that holds all time bins."""
    return "uint16_t" if num_steps < 2**16 else "int"


def source_blueprint(name: str, size: int, num_steps: int) -> NeuronBlueprint:
    """The spike source of a network.

    Forward, a spike of bin k is emitted at step k. Backward, step m of the pass has the adjoint at the start of step
    num_steps - 1 - m, which is what spikes of the bin before it meet one step of the pass later.
    """
    return NeuronBlueprint(
        name=name,
        size=size,
        parameters=TIMING,
        variables=(
            Variable("row", "int", "READ_ONLY_SHARED_NEURON"),
            Variable("back_row", "int", "READ_ONLY_SHARED_NEURON"),
            Variable("next", "int"),
            Variable("back_next", "int"),
            Variable("arrivals"),
            Variable("back_arrivals"),
            Variable("back_spike", "uint8_t"),
        ),
        arrays=(("spike_step", step_type(num_steps)), ("spike_start", "int")),
        inputs=(),
        code=_CODE % {"num_steps": num_steps},
        threshold="arrivals > 0.0",
    )
