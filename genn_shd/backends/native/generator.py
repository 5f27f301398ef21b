"""Write the C source of a program from templates; nothing is compiled or executed here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ...eventprop.population_names import rename_populations
from ...eventprop.program import LONGEST_ORDER, PopulationProgram, Program
from ...eventprop.schemes.expansion import USUAL_ORDERS
from ...network.network import Connection, Network, SpikeCountRegularisation
from ...network.snippets import find_names, is_assigned
from ...toolchain.format import format_c
from ...toolchain.source import CSource
from ...toolchain.template_names import TemplateNames
from ...toolchain.templates import load_templates
from .. import formulae
from ..equations import as_comment
from ..formulae import Code
from .header import write_header
from .layout import CACHE_LINE, DTYPES, PARTS_OF_STEP, Layout, count_count_signals, lay_out, list_tracks, pad_size
from .memory import MAX_GROUPS
from .series_order import MAX_TERMS
from .structures import (
    BATCH,
    COUNT_RULE,
    NOISE,
    POWERS,
    RECORDING,
    TERMS,
    Powers,
    Status,
    Terms,
    assert_layout,
    declare,
    make_twin,
)

_ENVIRONMENT = load_templates("genn_shd.backends.native")
NAMES = TemplateNames(_ENVIRONMENT)


# Kinds of work with measured times, in the order of the library's results.
KINDS_OF_WORK = ("forward", "backward", "synapse", "reduction", "optimiser")

# Steps that eligibility traces follow at once.
TRACE_STEPS = 16

# Largest allowed rate, in spikes per neuron and ms.
MAX_RATE = 5


def generate(described: Program, precision: str, profile: bool = False, recording: bool = False) -> CSource:
    """Write the C source of one network: a complete translation unit."""
    program = rename_populations(described, NAMES.own, NAMES.suffixes)
    network, layout = program.network, lay_out(program, precision)
    spiking = [p for p in program.populations if p.spike]
    sources = [network.input.name, *(p.name for p in spiking)]
    text = _ENVIRONMENT.get_template("library.c.j2").render(
        program=program,
        layout=layout,
        profile=profile,
        recording=recording,
        tracks=_group_tracks(program),
        trained_offset=lambda p, theta: layout.trained[f"{p.name}.{p.to_public_name(theta)}"].offset,
        **_write_structures(program, layout, precision, recording),
        **_list_formulae(),
        kinds_of_work=KINDS_OF_WORK,
        max_rate=MAX_RATE,
        max_terms=MAX_TERMS,
        max_groups=MAX_GROUPS,
        cache_line=CACHE_LINE,
        parts_of_step=PARTS_OF_STEP,
        scalar={"float32": "float", "float64": "double"}[precision],
        flag={"float32": "int32_t", "float64": "int64_t"}[precision],
        index={2: "uint16_t", 4: "int32_t"}[layout.index_dtype.itemsize],
        input=network.input.name,
        input_size=network.input.size,
        copies=len(network.input.delays),
        with_noise=[p.name for p in network.populations if p.noise is not None],
        with_dropout=[p.name for p in network.populations if p.dropout is not None],
        populations=program.populations,
        flows=[p for p in program.populations if p.flow],
        **_list_rule_values(program),
        flow_code=lambda text: _vectorise(text, precision),
        spiking=spiking,
        neuron_offsets=_compute_offsets(spiking, [p.size for p in spiking]),
        signal_offsets=_compute_offsets(spiking, [pad_size(p.size, precision) for p in spiking]),
        num_signals=count_count_signals(program, precision),
        receives={p.name: p.receives for p in program.populations},
        output=program.output,
        reads_by=list(program.output.trained.read) if program.output.trained else [],
        loss=program.loss,
        loss_parameters=list(program.loss.parameters),
        senders=lambda p: _list_senders(program, p),
        hears_input=lambda p: any(c.source == network.input.name for c in _list_prompt(network) if c.target == p.name),
        **_group_delayed(program, layout),
        effects=lambda p: list(p.arrival_effects.items()),
        statements=lambda text: _write_statements(text, precision),
        changes=_list_changes,
        **_write_propagators(program, precision),
        incoming={p.name: [c for c in _list_prompt(network) if c.target == p.name] for p in program.populations},
        outgoing={name: [c for c in _list_prompt(network) if c.source == name] for name in sources},
        padded=lambda p: pad_size(p.size, precision),
        uses=find_names,
        assigns=is_assigned,
        code=lambda text: write_literals(text, precision),
        population_index={p.name: i for i, p in enumerate(program.populations)},
        tape_fields={p.name: _list_tape_fields(p, program) for p in spiking if p.spike},
        jumps={p.name: [x for x in p.adjoint if is_assigned(x, p.spike.jump_code)] for p in spiking if p.spike},
        as_comment=as_comment,
    )
    return CSource(text, lambda code: _lay_out(code, described, program, precision))


def _lay_out(code: str, described: Program, program: Program, precision: str) -> str:
    source = format_c(code)
    return write_header(described, program, precision, source) + source


def _write_structures(program: Program, layout: Layout, precision: str, recording: bool) -> dict[str, Any]:
    """Write the structures shared with Python code, and assertions that their layout is the same in both."""
    members = BATCH + RECORDING if recording else BATCH
    return {
        "status": Status,
        "terms": declare("Terms", TERMS),
        "powers": declare("Powers", POWERS),
        "count_rule": declare("CountRule", COUNT_RULE),
        "noise_and_dropout": declare("NoiseAndDropout", NOISE),
        "batch": declare("Batch", members),
        "layout_assertions": "\n".join(
            [
                assert_layout(Terms),
                assert_layout(Powers),
                assert_layout(make_twin("Batch", members)),
                _assert_values(layout, precision),
            ]
        ),
    }


def _assert_values(layout: Layout, precision: str) -> str:
    """Write C assertions that every run-time value of a neuron is at the offset at which Python code writes it."""
    size = DTYPES[precision].itemsize
    lines = [
        f'_Static_assert(offsetof(Values, {p}.{name}) == {size * offset}, "{p}.{name}");'
        for (p, name), (offset, _) in layout.values.items()
    ]
    return "\n".join([*lines, f'_Static_assert(sizeof(Values) == {size * layout.num_values}, "Values");'])


def _list_formulae() -> dict[str, Any]:
    """Return the formulae of all back ends by the names in the templates."""
    constants = {name: Code(name) for name in formulae.ADAM_CONSTANTS}
    m, v, g = Code("m[i]"), Code("v[i]"), Code("g[i]")
    moment1, moment2 = formulae.update_adam_moments(m, v, g, constants)
    rule = {name: Code(f"rule->{name}") for name in SpikeCountRegularisation.list_numbers()}
    logit, largest, scale = Code("(double)x[label]"), Code("(double)largest"), Code("(double)scale")
    return {
        "adam": {
            "constants": formulae.ADAM_CONSTANTS,
            "moment1": moment1.text,
            "moment2": moment2.text,
            "step": formulae.compute_adam_step(m, v, constants).text,
            "decayed": formulae.compute_decay(Code("w[i]"), constants).text,
        },
        "softmax_term": formulae.compute_softmax_term(Code("x[k]"), Code("largest"), Code("scale")).text,
        "cross_entropy": formulae.compute_cross_entropy(logit, largest, scale, Code("(double)sum")).text,
        "total_excess": formulae.compute_total_excess(Code("total"), rule["total_upper"], Code("size")).text,
        "count_signal": formulae.count_signal(Code("mean"), Code("excess"), rule).text,
    }


def _list_rule_values(program: Program) -> dict[str, Any]:
    """Collect values stored at every step for the learning rule and nonlinear neurons, and targets."""
    populations = {p.name: p for p in program.populations}
    kept = {p.name: p.adjoint_state if p.flow else p.surrogate.kept if p.surrogate else () for p in program.populations}
    return {
        "kept": kept,
        "keepers": [p for p in program.populations if kept[p.name]],
        "kept_before": {p.name: _list_kept_before(p) for p in program.populations},
        "targets": {c.name: populations[c.target] for c in program.connections},
        "trace_steps": TRACE_STEPS,
    }


def _list_kept_before(population: PopulationProgram) -> tuple[str, ...]:
    """List the state variables whose values just before resets the learning rule reads."""
    if population.surrogate:
        return population.surrogate.kept
    return population.eligibility.kept if population.eligibility else ()


def _list_tape_fields(population: PopulationProgram, program: Program) -> list[str]:
    """List the numbers stored for each spike; the exact scheme adds its time and the values sent back to it."""
    assert population.spike is not None
    fields = list(population.spike.tape)
    if population.flow and program.scheme == "exact":
        return [*fields, "offset", "feedback", "part"]
    if program.scheme == "grid" and any(c.source == population.name for c in _list_by_source(program.network)):
        return [*fields, "feedback"]
    if program.scheme == "exact":
        jumps = [f"jump_{x}" for x in population.adjoint if is_assigned(x, population.spike.jump_code)]
        fields += ["offset", "feedback", *jumps]
        if population.trained and population.trained.sensitivity:
            fields += population.trained.sensitivity.shift
    return fields


def _group_tracks(program: Program) -> dict[str, list[tuple[PopulationProgram, str, int]]]:
    """Group tracks by kind: population, variable and number of each."""
    populations = {p.name: p for p in program.populations}
    numbered = list(enumerate(list_tracks(program)))
    return {
        kind: [(populations[t.population], t.variable, number) for number, t in numbered if t.kind == kind]
        for kind in ("state", "adjoint")
    }


def _list_senders(program: Program, population: PopulationProgram) -> list[str]:
    """List the spiking populations that send to a population without delays, in the order of connections."""
    network = program.network
    return [c.source for c in _list_prompt(network) if c.target == population.name and c.source != network.input.name]


def _list_prompt(network: Network) -> list[Connection]:
    """Return the connections without delays."""
    return [c for c in network.connections if c.delay is None]


def _list_by_source(network: Network) -> list[Connection]:
    """Return the connections with delays of source neurons."""
    return [c for c in network.delayed_connections if c.delay and c.delay.per == "source"]


def _group_delayed(program: Program, layout: Layout) -> dict[str, Any]:
    """Group connections with delays by kind of delay and by target."""
    network = program.network
    by_synapse = [c for c in network.delayed_connections if c.name in layout.by_target]
    by_source = _list_by_source(network)
    into = {p.name: [c for c in by_source if c.target == p.name] for p in program.populations}
    heard = {p.name: [c for c in by_synapse if c.target == p.name] for p in program.populations}
    return {
        "delayed": network.delayed_connections,
        "by_source": into,
        "by_source_connections": by_source,
        "by_synapse": heard,
        "by_synapse_connections": by_synapse,
        "reads_input": any(c.source == network.input.name for c in _list_prompt(network)),
        "by_target": layout.by_target,
        "synapse_sources": [p.name for p in network.populations if any(c.source == p.name for c in by_synapse)],
        "hears": [p.name for p in program.populations if p.spike and heard[p.name] and program.scheme == "exact"],
        "answers": lambda p: bool(_list_senders(program, p) or into[p.name]),
        "block_size": lambda padded: next(size for size in (32, 16, 8) if padded % size == 0),
        "usual_orders": USUAL_ORDERS,
        "sums_of": lambda terms, name, series: [(f"{name}{k}", series, k) for k in range(terms)],
    }


def _list_changes(population: PopulationProgram) -> list[str]:
    """List all variables that an arrival changes by the end of its step, with derivatives by trained parameters."""
    sensitivity = population.trained.sensitivity if population.trained else None
    return [*population.arrival_effects, *(sensitivity.reached if sensitivity else ())]


def _write_statements(text: str, precision: str) -> str:
    """Write the code of a snippet, in its own block if it declares variables."""
    code = write_literals(text, precision)
    return f"{{ {code} }}" if "const scalar " in code else code


def _write_propagators(program: Program, precision: str) -> dict[str, Any]:
    """Return the names of entries of propagators over a part of a step, and closed forms with a vectorised exp."""
    return {
        "entries": lambda p: list(p.entries),
        "forward_entries": lambda p: list(p.forward_entries),
        "longest_order": LONGEST_ORDER,
        "propagator": {
            p.name: {name: _vectorise(text, precision) for name, text in p.propagator.items()}
            for p in program.populations
        },
    }


def _vectorise(text: str, precision: str) -> str:
    """Write code that uses the library's exponential function."""
    return write_literals(re.sub(r"\bexp\(", "exponential(", text), precision)


def is_taken(name: str) -> bool:
    """Whether the templates use a name, or generate it from another name."""
    # Snippets of losses call the voltage V, and are not in the scope of the names of outputs.
    return name != "V" and NAMES.is_taken(name)


def _compute_offsets(populations: Sequence[PopulationProgram], lengths: Sequence[int]) -> dict[str, int]:
    """Compute where each population starts in an array that holds all, one after the other."""
    starts = accumulate(lengths, initial=0)
    return {p.name: start for p, start in zip(populations, starts, strict=False)}


def write_literals(text: str, precision: str) -> str:
    """Write a snippet with literals and functions of the given precision, so that float code never uses double."""
    if precision == "float64":
        return text
    text = re.sub(r"(?<![\w.])(\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)(?![\w.])", r"\1f", text)
    return re.sub(r"\b(exp|log|sqrt|pow|cbrt|sin|cos|tanh|fabs|fmin|fmax)\(", r"\1f(", text)
