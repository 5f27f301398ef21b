"""Code generation of a PyGeNN script: inference on the grid of time steps, written to be read."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...backends.equations import list_dynamics
from ...backends.loss_weight import evaluate_loss_weight
from ...errors import SettingError
from ...eventprop.program import PopulationProgram, Program
from ...network.snippets import find_names, is_assigned, rename
from ...toolchain.templates import load_templates
from ..delays import count_steps
from ..limits import check_exportable
from ..trained_network import TrainedNetwork

_ENVIRONMENT = load_templates("genn_shd.exporters.genn")
_CONSTANTS = frozenset(
    re.findall(r"\b[A-Z][A-Z_]*\b", _ENVIRONMENT.loader.get_source(_ENVIRONMENT, "script.py.j2")[0])
    if _ENVIRONMENT.loader
    else ()
)
_OWN = frozenset(
    {
        "step",
        "fired",
        "below",
        "arrivals",
        "place",
        "end",
        "delay",
        "logit",
        "now",
        "weight",
        "step_weights",
        "Isyn",
        "id",
    }
)


@dataclass(frozen=True)
class GennScript:
    """Text of a script, and content of its npz file."""

    source: str
    numbers: bytes


@dataclass(frozen=True)
class _Neurons:
    """Description of a population for the template."""

    name: str
    constant: str
    size: int
    parameters: Mapping[str, float]
    variables: tuple[str, ...]
    arrays: tuple[str, ...]
    tables: tuple[str, ...]
    code: str
    spikes: bool


def generate(trained: TrainedNetwork, stem: str, mark: str) -> GennScript:
    """Write the script of a network.

    Parameters
    ----------
    trained : the network. The script uses the grid scheme, for any scheme of the training.
    stem : name of the two files without suffixes.
    mark : name of the command that writes them.

    Raises
    ------
    SettingError
        The script does not support a part of the network; the message names it.
    """
    _check(trained)
    program = trained.on_grid().build_program(lambda name: name in _OWN or name.startswith("loss_"))
    kind = np.float64 if trained.precision == "float64" else np.float32
    numbers = {name: weights.astype(kind) for name, weights in trained.weights.items()}
    neurons = [_describe_neurons(p, program, trained, numbers, kind) for p in program.populations]
    text = _ENVIRONMENT.get_template("script.py.j2").render(
        origin=_quote(trained.origin),
        mark=mark,
        stem=stem,
        equations=_quote("\n".join(list_dynamics(program))),
        trained=trained,
        populations=neurons,
        connections=[(c.source, c.target) for c in program.network.connections],
        late=_add_delays(trained, numbers),
        scalar="double" if kind is np.float64 else "float",
        copies=[round(d / trained.dt) for d in program.network.input.delays],
    )
    content = io.BytesIO()
    arrays: dict[str, np.ndarray] = numbers
    np.savez(content, allow_pickle=False, **arrays)
    return GennScript(text, content.getvalue())


def _add_delays(trained: TrainedNetwork, numbers: dict[str, np.ndarray]) -> dict[str, int]:
    """Add delays in time steps to `numbers`; returns connection -> longest delay, for those with delays."""
    longest = {}
    for connection in trained.network.delayed_connections:
        shape = trained.weights[connection.name].shape
        least = 0 if connection.source == trained.network.input.name else 1
        kind = np.float64 if trained.precision == "float64" else np.float32
        steps = count_steps(trained.delays[connection.delay_name], least, trained.dt, kind)
        steps = steps if steps.ndim == 2 else steps[:, None]
        numbers[f"{connection.name}.steps"] = np.broadcast_to(steps, shape).astype(np.uint16)
        longest[connection.name] = int(steps.max())
    return longest


def _check(trained: TrainedNetwork) -> None:
    check_exportable(trained.on_grid().build_program(), "the script")
    for delay in trained.network.input.delays:
        if abs(delay / trained.dt - round(delay / trained.dt)) > 1e-6:
            raise SettingError(
                f"a copy of the input has a delay of {delay:g} ms; on GeNN it must be a multiple of {trained.dt:g} ms."
            )


def _describe_neurons(
    p: PopulationProgram, program: Program, trained: TrainedNetwork, numbers: dict[str, np.ndarray], kind: type
) -> _Neurons:
    """Describe a population: its code and the values that the code reads. Arrays are added to `numbers`."""
    is_output = p is program.output
    code = _write_code(p)
    variables = [*p.state, *(["fired"] if p.spike else [])]
    parameters: dict[str, float] = {}
    arrays, tables = [], []
    values = program.evaluate_neuron_values(p.name, trained.neuron_values[p.name], trained.dt)
    for name in p.values:
        if name not in find_names(*code):
            continue
        if np.all(values[name] == values[name][0]):
            parameters[name] = float(values[name][0])
        else:
            arrays.append(name)
            numbers[f"{p.name}.{name}"] = values[name].astype(kind)
    if is_output:
        code += _write_loss(program)
        variables += [*(f"loss_{x}" for x in program.loss.state), "logit"]
        of_loss = dict(zip(program.loss.parameters, trained.loss_values.values(), strict=True))
        parameters |= {f"loss_{name}": value for name, value in of_loss.items() if f"loss_{name}" in find_names(*code)}
        if "weight" in find_names(*code):
            tables.append("step_weights")
            steps = (np.arange(trained.num_steps) + program.weight_time) * trained.dt
            weight = evaluate_loss_weight(program.network.loss, trained.loss_values, steps, trained.duration)
            numbers["step_weights"] = weight.astype(kind)
        if "loss_T" in find_names(*code):
            parameters["loss_T"] = trained.duration
    return _Neurons(
        p.name,
        _choose_constant(p.name, program),
        p.size,
        parameters,
        tuple(variables),
        tuple(arrays),
        tuple(tables),
        "\n".join(line for line in code if line),
        p.spike is not None,
    )


def _choose_constant(name: str, program: Program) -> str:
    """Choose the name of the constant that holds a population, unlike all other constants of the script."""
    names = [p.name.upper() for p in program.network.populations]
    constant = name.upper()
    if names.count(constant) > 1 or constant in _CONSTANTS or constant.endswith("_PARAMETERS"):
        return f"POPULATION_{[p.name for p in program.network.populations].index(name)}"
    return constant


def _write_code(p: PopulationProgram) -> list[str]:
    """Write the code of a time step: arrivals, advance, spike and reset, decay."""
    start = " ".join(f"{x} = {value!r};" for x, value in p.state.items())
    lines = [
        "const int step = (int)(t / dt + 0.5);",
        f"if (step == 0) {{ {start} }}",
        f"else {{ {p.receives} += Isyn; }}",
    ]
    if p.spike is None:
        return [*lines, f"{{ {p.advance_code} }}", f"{{ {p.decay_code} }}"]
    condition = f"{p.spike.threshold} >= 0.0"
    if p.spike.from_below:
        lines.append(f"const int below = {p.spike.threshold} < 0.0;")
        condition = f"below && {condition}"
    return [
        *lines,
        f"{{ {p.advance_code} }}",
        f"fired = ({condition}) ? 1.0 : 0.0;",
        f"if (fired > 0.0) {{ {p.spike.reset_code} }}",
        f"{{ {p.decay_code} }}",
    ]


def _write_loss(program: Program) -> list[str]:
    """Write the code of the loss: its state after a time step, and the logits so far."""
    loss, output = program.loss, program.output
    snippets = [*loss.state.values(), loss.step_code, loss.spike_code, loss.logit]
    own = {x: f"loss_{x}" for x in (*loss.state, *loss.parameters, "T") if x in find_names(*snippets)}
    names = {**own, "t": "now", "V": next(iter(output.state))}
    start = " ".join(f"loss_{x} = {rename(text, names)};" for x, text in loss.state.items())
    used = find_names(loss.step_code, loss.spike_code)
    lines = [f"if (step == 0) {{ {start} }}"]
    lines += ["const scalar now = t + dt;"] if "t" in used else []
    lines += ["const scalar weight = step_weights[step];"] if "weight" in used else []
    lines += ["const scalar is_label = 0.0;"] if "is_label" in used else []
    if loss.step_code:
        lines.append(f"{{ {rename(loss.step_code, names)} }}")
    if loss.spike_code:
        lines.append(f"if (fired > 0.0) {{ {rename(loss.spike_code, names)} }}")
    assert not is_assigned("logit", *snippets)
    return [*lines, f"logit = {rename(loss.logit, names)};"]


def _quote(text: str) -> str:
    """Escape text for a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''")
