"""The spike source: reads samples from the memory of the device, forward for one sample and backward for another.

A sample is a row of `spike_start`: the spikes of unit u, as time bins in order, are in `spike_step` from index
`spike_start[row (N + 1) + u]` to the next entry of `spike_start`. To select other samples, only the rows are changed.

A source with delays has one neuron for each unit and delay: neuron i reads unit i mod N, `delay` steps late. All of
them read the same list of spikes, which does not depend on delays.

GeNN's neurons spike at most once per step, so a source neuron also has the number of spikes in its bin.
"""

from __future__ import annotations

import numpy as np

from ...errors import SettingError
from ...network.network import Population, check_delays
from .blueprint import NeuronBlueprint, Variable
from .trial import Trial

TIMING = (("num_forward", "int"), ("num_backward", "int"))

_CODE = """
const int step = (int)(t / dt + 0.5);
const int unit = id %% %(num_units)d;
arrivals = 0.0;
back_arrivals = 0.0;
back_spike = 0;
if (batch < num_backward) {
    const int last_step = %(num_steps)d - 1 - step;
    const int start = spike_start[(back_row * %(row)d) + unit];
    if (step == 0) {
        back_next = spike_start[(back_row * %(row)d) + unit + 1] - 1;
    }
    while (back_next >= start && spike_step[back_next] + delay >= last_step) {
        back_next -= 1;
    }
    while (back_next >= start && spike_step[back_next] + delay == last_step - 1) {
        back_next -= 1;
        back_arrivals += 1.0;
    }
    if (back_arrivals > 0.0) {
        back_spike = 1;
    }
}
if (batch < num_forward) {
    const int end = spike_start[(row * %(row)d) + unit + 1];
    if (step == 0) {
        next = spike_start[(row * %(row)d) + unit];
    }
    while (next < end && spike_step[next] + delay == step) {
        next += 1;
        arrivals += 1.0;
    }
}
"""


def choose_step_type(num_steps: int) -> str:
    """Return the smallest element type for all time bins."""
    return "uint16_t" if num_steps < 2**16 else "int"


def round_delays(source: Population, delays: np.ndarray, trial: Trial) -> np.ndarray:
    """Convert delays to whole time steps; those longer than the trial become the number of its steps.

    Parameters
    ----------
    source : the spike source.
    delays : (copies,), ms.
    trial : the time grid.

    Returns
    -------
    (copies,) int32.

    Raises
    ------
    SettingError
        A delay is negative, not finite, or not a multiple of the time step: the list of time bins does not have the
        times of spikes within a bin.
    """
    name = f"{source.name}.delays"
    check_delays(name, delays.tolist())
    steps = delays / trial.dt
    for delay, exact in zip(delays, steps, strict=True):
        if abs(exact - np.rint(exact)) > 1e-6 * max(1.0, exact):
            raise SettingError(
                f"{name} = {delays.tolist()} is not supported by the genn back end: {delay:g} ms is no multiple "
                f"of the time step {trial.dt:g} ms; choose multiples, or backend native."
            )
    return np.minimum(np.rint(steps), trial.num_steps).astype(np.int32)


def make_source_blueprint(source: Population, num_steps: int) -> NeuronBlueprint:
    """Make the spike source of a network.

    Forward, a spike of bin k is emitted in step k + `delay`. Backward, step m of the pass has the adjoint at the start
    of step num_steps - 1 - m. Spikes that were emitted one step earlier read it in the next step of the pass.
    """
    return NeuronBlueprint(
        name=source.name,
        size=source.size * len(source.delays),
        parameters=TIMING,
        variables=(
            Variable("row", "int", "READ_ONLY_SHARED_NEURON"),
            Variable("back_row", "int", "READ_ONLY_SHARED_NEURON"),
            Variable("delay", "int", "READ_ONLY"),
            Variable("next", "int"),
            Variable("back_next", "int"),
            Variable("arrivals"),
            Variable("back_arrivals"),
            Variable("back_spike", "uint8_t"),
        ),
        arrays=(("spike_step", choose_step_type(num_steps)), ("spike_start", "int")),
        inputs=(),
        code=_CODE % {"num_steps": num_steps, "num_units": source.size, "row": source.size + 1},
        threshold="arrivals > 0.0",
    )
