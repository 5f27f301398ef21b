"""Functions that make networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from genn_shd.errors import SettingError, unknown_name
from genn_shd.network.definitions import LossModel, NeuronModel, SynapseModel
from genn_shd.network.delay import Delay
from genn_shd.network.initialisers import Initial, Normal
from genn_shd.network.network import Connection, Network, Population, SpikeCountRegularisation
from genn_shd.network.trained import Trained

from .losses import find_loss
from .neurons import LI, LIF, find_neuron
from .synapses import EXPONENTIAL, find_synapse

# Mean and standard deviation of initial weights of Nowotny et al. (2025) for 700 input channels of speech.
INPUT_WEIGHT = Normal(0.03, 0.01)
RECURRENT_WEIGHT = Normal(0.0, 0.02)
FORWARD_WEIGHT = Normal(0.02, 0.03)
OUTPUT_WEIGHT = Normal(0.0, 0.03)


Recurrence = bool | Literal["two_pass"]
"""Whether a layer is recurrent, or of two passes; see `recurrent_classifier`."""


def recurrent_classifier(
    num_input: int = 700,
    num_hidden: int | Sequence[int] = 256,
    num_classes: int = 20,
    recurrent: Recurrence | Sequence[Recurrence] = True,
    loss: str | LossModel = "sum_exp",
    loss_scale: float = 1.0,
    tau_mem: Initial = 20.0,
    tau_syn: Initial = 5.0,
    output_tau_mem: Initial | None = None,
    output_tau_syn: Initial | None = None,
    neuron: str | NeuronModel = "lif",
    synapse: str | SynapseModel = "exponential",
    neuron_values: Mapping[str, Initial] | None = None,
    loss_values: Mapping[str, float] | None = None,
    weights: Mapping[str, Initial] | None = None,
    regularisation: SpikeCountRegularisation | None = None,
    trained: Mapping[str, Trained] | None = None,
    output_trained: Mapping[str, Trained] | None = None,
    input_delays: Sequence[float] = (0.0,),
    noise: float | None = None,
    dropout: float | None = None,
    delays: Mapping[str, Delay] | None = None,
) -> Network:
    """Make a classifier: input, hidden layers, each recurrent or feed-forward, and output.

    Parameters
    ----------
    num_input, num_classes : sizes of input and output.
    num_hidden : size of the hidden layer (`hidden`), or sizes of several (`hidden0`, `hidden1`, ...); empty for none:
        the input leads to the output.
    recurrent : whether hidden layers are recurrent: one value for all, or one for each. "two_pass" is the recurrent
        form of ParaLIF (Yarga & Wood 2025), which can be computed for all times at once: neurons `hidden_first` get the
        input of the layer, and the layer `hidden` gets that input, through its own weights, and the spikes of
        `hidden_first` through `hidden_first_hidden`. Only `hidden` leads on.
    loss : name or definition. Outputs are LIF neurons if the loss reads spikes, else leaky integrators (LI).
    loss_scale : factor of the logits before the softmax.
    tau_mem, tau_syn : time constants of hidden neurons, ms: a number, or a distribution for a heterogeneous population.
        Used only if the models have such parameters.
    output_tau_mem, output_tau_syn : time constants of outputs, ms. None uses those of hidden neurons if they are
        numbers, else 20 and 5.
    neuron, synapse : models of hidden neurons and of the synapses onto them: names or definitions.
    neuron_values : values of other parameters of these models, by name.
    loss_values : values of other parameters of the loss, by name.
    weights : connection name -> initial weights that differ from the defaults. With several hidden layers,
        `input_hidden` is also a name for the connection to the first, `hidden_output` for that from the last, and
        `hidden_hidden` for the recurrent connections of all.
    regularisation : regularisation of hidden spike counts.
    trained, output_trained : parameters of hidden neurons and of outputs that are trained in addition to the weights,
        such as `{"tau_mem": Trained(minimum=3.0)}`.
    input_delays : delays of the input, ms. Every input spike arrives once per delay, through separate weights (a delay
        line). Default weights onto the first layer are divided by the number of delays.
    noise, dropout : noise and dropout of hidden neurons in training, see `Population`; None for none.
    delays : connection name -> delays of its spikes; names as for `weights`.

    Raises
    ------
    SettingError
        A neuron, synapse, loss or connection is unknown, or a value is not allowed.
    """
    sizes, loops = _expand_layers(num_hidden, recurrent)
    model = find_loss(loss) if isinstance(loss, str) else loss
    names = ["hidden"] if len(sizes) == 1 else [f"hidden{i}" for i in range(len(sizes))]
    hidden_neuron = find_neuron(neuron) if isinstance(neuron, str) else neuron
    hidden_synapse = find_synapse(synapse) if isinstance(synapse, str) else synapse
    known = {*hidden_neuron.parameters, *hidden_synapse.parameters}
    taus = {name: tau for name, tau in (("tau_mem", tau_mem), ("tau_syn", tau_syn)) if name in known}
    hidden = [
        Population(
            name,
            size,
            hidden_neuron,
            hidden_synapse,
            {**taus, **(neuron_values or {})},
            regularisation,
            trained=trained or {},
            noise=noise,
            dropout=dropout,
        )
        for name, size in _list_populations(names, sizes, loops)
    ]
    output = Population(
        "output",
        num_classes,
        LIF if model.reads == "spikes" else LI,
        EXPONENTIAL,
        {"tau_mem": _choose(output_tau_mem, tau_mem, 20.0), "tau_syn": _choose(output_tau_syn, tau_syn, 5.0)},
        trained=output_trained or {},
    )
    return Network(
        populations=(Population("input", num_input, delays=tuple(input_delays)), *hidden, output),
        connections=_make_connections(names, loops, weights or {}, delays or {}, len(input_delays)),
        loss=model,
        loss_values={"loss_scale": loss_scale, **(loss_values or {})},
    )


def _expand_layers(
    num_hidden: int | Sequence[int], recurrent: Recurrence | Sequence[Recurrence]
) -> tuple[list[int], list[Recurrence]]:
    """Return the size of each hidden layer, and whether it is recurrent."""
    sizes = [num_hidden] if isinstance(num_hidden, int) else list(num_hidden)
    loops = [recurrent] * len(sizes) if isinstance(recurrent, bool | str) else list(recurrent)
    for loop in loops:
        if isinstance(loop, str) and loop != "two_pass":
            raise SettingError(f"recurrent = {loop!r} is not allowed; use True, False or 'two_pass'.")
    if len(loops) != len(sizes):
        raise SettingError(f"recurrent has {len(loops)} entries for {len(sizes)} hidden layers; give one for each.")
    return sizes, loops


def _name_first_pass(layer: str) -> str:
    return f"{layer}_first"


def _list_populations(names: list[str], sizes: list[int], loops: list[Recurrence]) -> list[tuple[str, int]]:
    """List the hidden populations and their sizes, in the order in which spikes pass through them."""
    passes = [
        [_name_first_pass(name), name] if loop == "two_pass" else [name]
        for name, loop in zip(names, loops, strict=True)
    ]
    return [(name, size) for layer, size in zip(passes, sizes, strict=True) for name in layer]


def _choose(own: Initial | None, hidden: Initial, default: float) -> Initial:
    if own is not None:
        return own
    return hidden if isinstance(hidden, int | float) else default


def _make_connections(
    names: list[str], loops: list[Recurrence], weights: Mapping[str, Initial], delays: Mapping[str, Delay], copies: int
) -> tuple[Connection, ...]:
    pairs: list[tuple[str, str, Initial]] = []
    before, weight = "input", Normal(INPUT_WEIGHT.mean / max(1, copies), INPUT_WEIGHT.std / max(1, copies))
    for name, loop in zip(names, loops, strict=True):
        if loop == "two_pass":
            pairs.append((before, _name_first_pass(name), weight))
        pairs.append((before, name, weight))
        if loop:
            pairs.append((_name_first_pass(name) if loop == "two_pass" else name, name, RECURRENT_WEIGHT))
        before, weight = name, FORWARD_WEIGHT
    pairs.append((before, "output", OUTPUT_WEIGHT))
    connections = [
        Connection(a, b, _select_own(weights, a, b, w), _select_own(delays, a, b, None)) for a, b, w in pairs
    ]
    # Settings of connections that are switched off are allowed: one setting switches recurrence or hidden layers off.
    known = {c.name for c in connections} | {f"{name}_{name}" for name in names}
    known |= {"input_hidden", "hidden_hidden", "hidden_output"}
    for name in (*weights, *delays):
        if name not in known:
            raise unknown_name("connection", name, sorted(known))
    return tuple(connections)


def _select_own(named: Mapping[str, Any], pre: str, post: str, default: Any) -> Any:
    """Return the value for a connection, by its own name or by its name in a network with one hidden layer."""
    return named.get(f"{pre}_{post}", named.get(_name_in_one_layer(pre, post), default))


def _name_in_one_layer(pre: str, post: str) -> str:
    """Return the name of a connection in a network with one hidden layer; empty where it has none such."""
    if (pre, post) == ("input", "output"):
        return ""
    if pre == "input":
        return "input_hidden"
    if post == "output":
        return "hidden_output"
    return "hidden_hidden" if pre in (post, _name_first_pass(post)) else ""
