"""Names in generated code. Names of a definition are kept, unless the code uses them otherwise.

Then an underscore is appended: a parameter `a` of a neuron is `a_` in code with its own variable `a`. Programs
are generated from a description with such names; everywhere else the names of the definition are used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ..errors import SettingError
from ..network.definitions import LossModel, NeuronModel, SynapseModel
from ..network.expressions import FUNCTIONS
from ..network.network import Network, Population
from ..network.snippets import rename
from .adjoint import name_adjoint
from .sensitivity import name_sensitivity

IsTaken = Callable[[str], bool]
"""Whether a back end's code uses a name itself."""

WORDS_OF_COMPILERS = frozenset(
    {
        *("class", "new", "delete", "this", "template", "typename", "operator", "private", "public", "protected"),
        *("friend", "namespace", "using", "virtual", "try", "catch", "throw", "explicit", "export", "mutable", "xor"),
        *("near", "far", "unix", "linux", "NULL", "NAN", "INFINITY", "HUGE_VAL", "min", "max", "asm", "typeof"),
        *("typeof_unqual", "alignas", "alignof", "constexpr", "nullptr", "static_assert", "thread_local", "noreturn"),
        *("complex", "imaginary", "errno", "stdin", "stdout", "stderr"),
    }
)
"""Keywords of C++ and C23, and macros of compilers and headers."""
_PROGRAM = frozenset(
    {
        *("feedback", "drive", "spike_drive", "count_signal", "slope", "arrived", "drift", "r", "scalar"),
        *("fired", "spike_error", "by_spike", "eligibility"),
        *("was_below", "step_length", "by_length", "slope_now", "spike_share"),
        *("exponential", "coupled", *(f"{name}f" for name in (*FUNCTIONS, "cbrt"))),
        *WORDS_OF_COMPILERS,
    }
)
_BEFORE = re.compile(
    r"(?:lambda|trace|gain|reset|change|start|steady|impulse|shift_by|rate|gap|coupling|ratio|matrix|mean|jump|M|INT|UINT)_"
    r"|(?:rate\d|back\d?|pull\d?|stage\d|by|after|shared|reset_shared|kept)_"
)
"""Prefixes of derived names."""
_DERIVED = re.compile(rf"{_BEFORE.pattern}|_|.*(?:_from_|_by_|_next$|_$)")
# Parameters of losses with a fixed meaning.
_OF_LOSSES = frozenset({"loss_scale", "tau_input", "input_gain"})
_SNIPPETS = ("step_code", "spike_code", "logit", "output_loss", "voltage_drive", "spike_drive", "silent_label_signal")

Names = Mapping[str, str]
Value = TypeVar("Value")


@dataclass(frozen=True)
class CodedNetwork:
    """A description with names for code.

    Attributes
    ----------
    network : the description.
    public : population -> name in code -> name that users see, of all variables and parameters.
    """

    network: Network
    public: Mapping[str, Names]


def rename_for_code(network: Network, is_taken: IsTaken) -> CodedNetwork:
    """Rename everything whose name the code of a back end uses otherwise.

    Raises
    ------
    SettingError
        New names, or names derived from them, would be the same.
    """
    coded, public = [network.input], {}
    for population in network.populations[1:]:
        names = {name: _to_code_name(name, is_taken) for name in (*_list_state(population), *population.parameters)}
        public[population.name] = _list_public_names(population, names)
        coded.append(_rename_population(population, names))
    return CodedNetwork(
        replace(
            network,
            populations=tuple(coded),
            loss=_rename_loss(network.loss, is_taken),
            loss_values={},
        ),
        public,
    )


def _to_code_name(name: str, is_taken: IsTaken) -> str:
    return f"{name}_" if name in _PROGRAM or _DERIVED.match(name) or is_taken(name) else name


def _list_state(population: Population) -> tuple[str, ...]:
    assert population.neuron is not None and population.synapse is not None
    return (*population.neuron.state, *population.synapse.state)


def _list_public_names(population: Population, names: Names) -> dict[str, str]:
    state = _list_state(population)
    public = {code: name for name, code in names.items()}
    derived = {name_adjoint(names[x]): name_adjoint(x) for x in state}
    derived |= {name_sensitivity(names[x], names[p]): name_sensitivity(x, p) for x in state for p in population.trained}
    composed = any(a.endswith(b) and _BEFORE.fullmatch(a.removesuffix(b)) for a in public for b in public)
    if len(public) < len(names) or public.keys() & derived.keys() or composed:
        raise SettingError(
            f"population {population.name!r}: its names {', '.join(sorted(names))} are too similar for generated "
            "code; rename one that ends in an underscore or begins with 'lambda_', 'back_' or the like."
        )
    return public | derived


def _rename_keys(mapping: Mapping[str, Value], names: Names) -> dict[str, Value]:
    return {names.get(name, name): value for name, value in mapping.items()}


def _rename_texts(texts: Mapping[str, str], names: Names) -> dict[str, str]:
    return {names.get(name, name): rename(text, names) for name, text in texts.items()}


def _rename_population(population: Population, names: Names) -> Population:
    neuron, synapse = population.neuron, population.synapse
    assert neuron is not None and synapse is not None
    if all(name == code for name, code in names.items()):
        return population
    return replace(
        population,
        neuron=_rename_neuron(neuron, names),
        synapse=_rename_synapse(synapse, names),
        values=_rename_keys(population.values, names),
        trained=_rename_keys(population.trained, names),
    )


def _rename_neuron(neuron: NeuronModel, names: Names) -> NeuronModel:
    return replace(
        neuron,
        parameters=_rename_keys(neuron.parameters, names),
        state=_rename_keys(neuron.state, names),
        dynamics=_rename_texts(neuron.dynamics, names),
        threshold=None if neuron.threshold is None else rename(neuron.threshold, names),
        reset=_rename_texts(neuron.reset, names),
    )


def _rename_synapse(synapse: SynapseModel, names: Names) -> SynapseModel:
    return replace(
        synapse,
        parameters=_rename_keys(synapse.parameters, names),
        state=_rename_keys(synapse.state, names),
        dynamics=_rename_texts(synapse.dynamics, names),
        receives=names.get(synapse.receives, synapse.receives),
        current=None if synapse.current is None else rename(synapse.current, names),
    )


def _rename_loss(loss: LossModel, is_taken: IsTaken) -> LossModel:
    known = [name for name in (*loss.parameters, *loss.state) if name not in _OF_LOSSES]
    names = {name: _to_code_name(name, is_taken) for name in known}
    _check_distinct(loss.name, names.values())
    snippets: dict[str, Any] = {field: rename(getattr(loss, field), names) for field in _SNIPPETS}
    return replace(
        loss,
        parameters=_rename_keys(loss.parameters, names),
        state=_rename_texts(loss.state, names),
        weight=None if loss.weight is None else rename(loss.weight, names),
        **snippets,
    )


def _check_distinct(loss: str, codes: Iterable[str]) -> None:
    listed = list(codes)
    if len(set(listed)) < len(listed):
        raise SettingError(
            f"loss {loss!r}: its names are too similar for generated code; rename one that ends in an underscore."
        )
