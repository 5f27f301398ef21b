"""Estimate the memory that a network needs at least, without allocating or compiling anything.

The estimate includes weights, with moments and gradients of the optimiser, memory per thread and per sample of a full
batch, and values that some losses store for every step. It does not include spikes, whose number is unknown. So a
network above the limit cannot be trained, but one below it may still be too large.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..errors import SettingError
from ..eventprop.flow import is_linear
from ..network.learning_rules import STDP, EProp, EventProp, LearningRule, SurrogateGradient
from ..network.network import Network, Population
from ..system.machine import read_available_memory
from .native.layout import DTYPES, pad_size
from .native.memory import count_groups
from .native.threads import count_available_threads

Cause = Literal["size", "threads", "batch", "steps", "kept"]
Kind = Literal["native", "genn"]

MAX_STEPS = 2**24
"""Largest number of steps that single-precision spike times can distinguish."""
MAX_INDEX = 2**31 - 1
"""Largest number of neurons and of rows of weights: generated code counts them in 32 bits."""
GB = 1e9

ARGUMENTS = {"size": "the size of populations", "batch_size": "batch_size", "duration": "duration", "dt": "dt"}
"""Names in `compile_network` of the values that memory depends on."""
SETTINGS = {
    "size": "network.num_hidden or network.input_delays",
    "batch_size": "training.batch_size",
    "duration": "simulation.duration",
    "dt": "simulation.dt",
    "num_threads": "simulation.num_threads",
}
"""Names of the same values in settings."""


@dataclass(frozen=True)
class Use:
    """Intended use of a network, on which its memory depends.

    Attributes
    ----------
    kind : back end; for genn, the estimate is a minimum for all targets.
    batch_size : largest number of samples in a batch.
    dt, duration : time step and duration of a trial, ms.
    precision : "float32" or "float64".
    num_threads : threads of the native back end; None for all processors.
    rule : the learning rule.
    """

    kind: Kind
    batch_size: int
    dt: float
    duration: float
    precision: str
    num_threads: int | None = None
    rule: LearningRule = EventProp()  # noqa: RUF009  frozen

    @property
    def num_steps(self) -> int:
        """Number of steps of a trial, at least 1; MAX_STEPS + 1 if there are more."""
        return (
            MAX_STEPS + 1 if self.duration / self.dt > MAX_STEPS else max(1, math.ceil(self.duration / self.dt - 1e-6))
        )

    @property
    def itemsize(self) -> int:
        """Size of a number, bytes."""
        return DTYPES[self.precision].itemsize


def check_memory(network: Network, use: Use, names: Mapping[str, str] = ARGUMENTS) -> None:
    """Check that the machine has enough memory for a network.

    Parameters
    ----------
    network : the network.
    use : its intended use.
    names : names of sizes, batch size, duration, time step and threads in messages.

    Raises
    ------
    SettingError
        The network needs more memory than there is, or is too large; the message names what to lower.
    """
    _check_counts(network, use, names)
    parts = estimate(network, use)
    need, have = sum(parts.values()), read_available_memory()
    if need > have:
        cause = max(parts, key=lambda part: parts[part])
        what, remedy = _find_largest_part(cause, network, use, names)
        raise SettingError(
            f"{what} is not allowed: the network needs at least {need / GB:.3g} GB of memory to be trained, and this "
            f"machine has {have / GB:.3g} GB free; {remedy}."
        )


def _check_counts(network: Network, use: Use, names: Mapping[str, str]) -> None:
    for population in network.populations:
        if (size := population.size * len(population.delays)) > MAX_INDEX:
            raise SettingError(
                f"population {population.name!r} of {size} neurons is not allowed: it must be at most {MAX_INDEX}; "
                f"lower {names['size']}."
            )
    if use.num_steps > MAX_STEPS:
        duration, dt = names["duration"], names["dt"]
        raise SettingError(
            f"{duration} = {use.duration:g} ms is not allowed with {dt} = {use.dt:g} ms: that makes "
            f"{use.duration / use.dt:.4g} steps, more than {MAX_STEPS}; lower {duration} or raise {dt}."
        )


def estimate(network: Network, use: Use) -> dict[Cause, int]:
    """Estimate the memory, bytes, that grows with neurons, threads, batch, steps, and batch times steps."""
    return {
        "size": _estimate_parameters(network, use) + sum(8 * len(p.parameters) * p.size for p in network.populations),
        "threads": (use.num_threads or count_available_threads()) * _estimate_thread(network, use)
        if use.kind == "native"
        else 0,
        "batch": use.batch_size * _estimate_sample(network, use),
        "steps": use.num_steps
        * (8 + 8 + use.itemsize),  # times and weights of the loss in double precision, and as read
        "kept": use.batch_size * use.num_steps * _estimate_kept_step(network, use),
    }


def _estimate_parameters(network: Network, use: Use) -> int:
    """Estimate the memory of parameters, two moments, the gradient and a copy of it, and sums of groups of samples."""
    if use.kind == "native":
        shapes = [network.get_weight_shape(c) for c in network.connections]
        shapes += [
            network.get_weight_shape(c) for c in network.delayed_connections if len(network.get_delay_shape(c)) == 2
        ]
        numbers = sum(pre * pad_size(post, use.precision) for pre, post in shapes)
        return numbers * use.itemsize * (5 + count_groups(use.batch_size))
    return network.num_parameters * use.itemsize * 5


def _estimate_thread(network: Network, use: Use) -> int:
    """Estimate the memory per thread: state and adjoint of all neurons, delayed arrivals, what a rule keeps."""
    states = sum(_count_states(p) * pad_size(p.size, use.precision) for p in network.populations[1:])
    return use.itemsize * (2 * states + _count_arrivals(network, use) + _count_synaptic_values(network, use))


def _count_arrivals(network: Network, use: Use) -> int:
    """Count the numbers, at least two for each neuron and step, of what is on its way through synapses with delays."""
    longest: dict[str, float] = {}
    for connection in network.delayed_connections:
        if len(network.get_delay_shape(connection)) == 2:
            limit = network.find_delay_limits(connection, use.dt)[1]
            longest[connection.target] = max(limit, longest.get(connection.target, 0.0))
    sizes = {p.name: pad_size(p.size, use.precision) for p in network.populations}
    return sum(2 * sizes[name] * int(2 * limit / use.dt) for name, limit in longest.items())


def _count_synaptic_values(network: Network, use: Use) -> int:
    """Count the traces of synapses (e-prop), or weights while they change (STDP)."""
    if isinstance(use.rule, STDP):
        shapes = [network.get_weight_shape(c) for c in network.connections]
        return sum(pre * pad_size(post, use.precision) for pre, post in shapes)
    return _count_traces(network, use) if isinstance(use.rule, EProp) else 0


def _count_traces(network: Network, use: Use) -> int:
    """Count the traces of all synapses: one per state of the target and, for hidden targets, of the output."""
    total = 0
    for connection in network.connections:
        pre, post = network.get_weight_shape(connection)
        target = network.find_population(connection.target)
        each = _count_states(target) + (_count_states(network.output) if target.spiking else 0)
        total += pre * pad_size(post, use.precision) * each
    return total


def _estimate_sample(network: Network, use: Use) -> int:
    """Estimate the memory per sample: spike counts, their regularisation, logits, and the state of outputs."""
    spiking = [p for p in network.populations if p.spiking]
    counts = sum(4 * p.size + use.itemsize * pad_size(p.size, use.precision) for p in spiking)
    at_end = use.itemsize * pad_size(network.output.size, use.precision) * (len(network.loss.state) + 2)
    return counts + at_end + use.itemsize * network.output.size


def _estimate_kept_step(network: Network, use: Use) -> int:
    """Estimate the memory of a loss, of nonlinear neurons and of surrogate gradients for each step of each sample."""
    loss = network.loss
    arrays = int(loss.keeps_voltages or loss.cross_entropy == "step")
    if use.kind == "native":
        arrays = loss.keeps_voltages + (loss.cross_entropy == "step")
    if not network.output.spiking:
        arrays += len(network.output.trained)
    outputs = pad_size(network.output.size, use.precision) if use.kind == "native" else network.output.size
    weights = 2 * 8 if loss.weighs_input else 0  # activity of the input, and weight of the loss
    nonlinear = [p for p in network.populations[1:] if not is_linear(p)]
    states = sum(_count_states(p) * pad_size(p.size, use.precision) for p in nonlinear)
    if isinstance(use.rule, SurrogateGradient):  # at least the state variable that the threshold watches
        states += sum(pad_size(p.size, use.precision) for p in network.hidden_populations)
    return (arrays * outputs + states) * use.itemsize + weights


def _count_states(population: Population) -> int:
    assert population.neuron is not None and population.synapse is not None
    return len(population.neuron.state) + len(population.synapse.state)


def _find_largest_part(cause: Cause, network: Network, use: Use, names: Mapping[str, str]) -> tuple[str, str]:
    """Describe the largest part of the memory, and the remedy."""
    batch, duration, dt = names["batch_size"], names["duration"], names["dt"]
    match cause:
        case "size":
            sizes = " x ".join(str(p.size * len(p.delays)) for p in network.populations)
            return f"a network of {sizes} neurons with {network.num_parameters} parameters", f"lower {names['size']}"
        case "threads":
            threads = names.get("num_threads", "num_threads")
            return f"{threads} = {use.num_threads or count_available_threads()}", f"lower {threads}"
        case "batch":
            return f"{batch} = {use.batch_size}", f"lower {batch}"
        case "steps":
            return f"{duration} = {use.duration:g} ms ({use.num_steps} steps)", f"lower {duration} or raise {dt}"
    kept = (
        f"storing {use.num_steps} steps for the backward pass (loss {network.loss.name!r}), with "
        f"{batch} = {use.batch_size}"
    )
    return kept, f"lower {batch} or {duration}, raise {dt}, or choose another loss"
