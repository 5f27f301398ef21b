"""Definitions may use nearly any name: the code that is generated from them gives the same numbers."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest

from genn_shd import (
    Connection,
    LossModel,
    Model,
    Network,
    NeuronModel,
    Parameter,
    Population,
    SettingError,
    SynapseModel,
    Trained,
    build_program,
    density_loss,
)
from genn_shd.backends import genn, native
from genn_shd.backends.genn import generator as genn_generator
from genn_shd.backends.genn.trial import Trial
from genn_shd.backends.native.generator import generate
from genn_shd.models import recurrent_classifier
from genn_shd.models.losses import weighted_sum
from genn_shd.network.definitions import RESERVED_NAMES

from .genn_cases import NUM_CLASSES, NUM_INPUT, REGULARISATION, WEIGHTS, compiled, samples

WITHOUT_PYGENN = pytest.mark.skipif(importlib.util.find_spec("pygenn") is None, reason="PyGeNN is not installed")

# States V, A, I; tau_mem, tau_adapt, tau_syn; threshold, v_reset, increment; state and parameter of the loss.
NASTY = [
    ("a", "b", "s", "k", "n", "lanes", "i", "j", "x", "h", "count"),
    ("U", "spikes", "I", "step", "neuron", "offset", "feedback", "drive", "slope", "capacity", "batch"),
    ("values", "scalar", "id", "r", "w", "phi", "error", "is_label", "weight", "Isyn", "tape"),
    ("E", "S", "N", "entry", "unix", "gamma", "lambda_x", "start_V", "V_before", "fired", "logit"),
    ("state_V", "value_V", "adjoint_V", "V_from_V", "new", "min", "class_", "expf", "spike_drive", "loss_", "j1"),
    ("memory", "time", "row0", "label", "SIMD", "LANES", "OK", "flag", "uint8_t", "size_t", "main"),
]


def ordinary(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that no code uses, in the same order of the alphabet: that decides in which order sums are taken."""
    return tuple(f"{name}Q" for name in names)


def network(names: tuple[str, ...]) -> Network:
    """A recurrent network of adaptive neurons with these names, with trained time constants and a loss of its own."""
    v, a, i, tau_mem, tau_adapt, tau_syn, threshold, rest, increment, total, gain = names
    neuron = NeuronModel(
        "own neuron",
        {
            **{name: Parameter(12.0, "ms", minimum=0.0) for name in (tau_mem, tau_adapt)},
            **{name: Parameter(value) for name, value in ((threshold, 1.0), (rest, 0.1), (increment, 0.2))},
        },
        {v: 0.0, a: 0.0},
        {v: f"({i} - {v}) / {tau_mem}", a: f"-{a} / {tau_adapt}"},
        f"{v} - {threshold} - {a}",
        {v: rest, a: f"{a} + {increment}"},
    )
    leak = {v: f"({i} - {v}) / {tau_mem}"}
    integrator = NeuronModel("own output", {tau_mem: Parameter(15.0, "ms", minimum=0.0)}, {v: 0.0}, leak)
    decay = {i: f"-{i} / {tau_syn}"}
    synapse = SynapseModel("own synapse", {tau_syn: Parameter(5.0, "ms", minimum=0.0)}, {i: 0.0}, decay, i)
    connections = ("input_hidden", "hidden_hidden", "hidden_output")
    return Network(
        (
            Population("input", NUM_INPUT),
            Population("hidden", 6, neuron, synapse, {}, REGULARISATION, {tau_mem: Trained(3.0)}),
            Population("output", NUM_CLASSES, integrator, synapse, trained={tau_mem: Trained(3.0)}),
        ),
        tuple(Connection(*name.split("_"), WEIGHTS[name]) for name in connections),
        LossModel(
            "own loss",
            "mean_voltage",
            {"loss_scale": Parameter(1.0), gain: Parameter(2.0)},
            {total: "0.0"},
            total,
            weight=f"{gain} - t / T",
            step_code=f"{total} += weight * V * (dt / T) * {gain};",
            voltage_drive=f"error * weight * (dt / T) * {gain}",
        ),
    )


def numbers(model: Model) -> dict[str, np.ndarray]:
    """Everything that a training step gives, and on the grid a recording, without names."""
    result = model.train_batch(samples(1, 8))
    arrays = [result.losses, result.logits, *result.gradients.values(), *model.parameters.values()]
    if model.environment["scheme"] == "grid":
        arrays += model.record(samples(2, 3), model.recordable, 2).traces.values()
    return {str(k): array for k, array in enumerate(arrays)}


def native_code(names: tuple[str, ...], scheme: str) -> str:
    program = build_program(network(names), scheme, native.is_taken)
    source = generate(program, "float32").text
    return re.sub(r"/\*.*?\*/", " ", source, flags=re.DOTALL)


def genn_code(names: tuple[str, ...], scheme: str) -> str:
    program = build_program(network(names), scheme, genn.is_taken)
    blueprint = genn_generator.generate(program, Trial(60, 1.0, 60), "float32", 1, False)
    return "\n".join(text for n in blueprint.neurons for text in (n.code, *(v.name for v in n.variables)))


WRITERS = [(native_code, "grid"), (native_code, "exact"), (genn_code, "grid")]


@pytest.mark.slow
@pytest.mark.parametrize("names", NASTY)
@pytest.mark.parametrize(("write", "scheme"), WRITERS)
def test_the_code_is_the_same_but_for_names(names, write, scheme):
    codes = [re.findall(r"[A-Za-z_]\w*|[^\s\w]|\d\w*", write(chosen, scheme)) for chosen in (names, ordinary(names))]
    pairs = set(zip(*codes, strict=True))
    ambiguous = [pair for pair in pairs if sum(pair[0] == a or pair[1] == b for a, b in pairs) > 1]
    assert ambiguous == []


RUNS = [("native", "grid", 1), ("native", "exact", 4), pytest.param("genn_cpu", "grid", 2, marks=WITHOUT_PYGENN)]


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "scheme", "case"), RUNS)
def test_any_name_gives_the_same_bits(backend, scheme, case):
    names, results = NASTY[case], []
    for chosen in (names, ordinary(names)):
        with compiled(network(chosen), backend, scheme=scheme) as model:
            results.append(numbers(model))
            assert set(model.recordable["hidden"]) >= {chosen[0], chosen[2], f"lambda_{chosen[0]}"}
            assert f"hidden.{chosen[3]}" in model.parameters
            assert {f"hidden.{chosen[6]}", f"loss.{chosen[10]}"} <= model.values.keys()
    assert results[0].keys() == results[1].keys()
    for name, array in results[0].items():
        np.testing.assert_array_equal(array, results[1][name])


def test_names_that_the_templates_make_of_others_are_known():
    assert all(map(native.is_taken, ["a", "j", "values", "V_before", "jump_x", "read_by_tau", "LANES", "size_t"]))
    assert not any(map(native.is_taken, ["V", "I", "tau_mem", "tau", "v_threshold", "alpha"]))


@pytest.mark.parametrize("name", ["t", "dt", "T", "exp", "float", "int", "lambda", "τ", "two words"])
def test_what_no_snippet_could_name_is_refused_in_one_line(name):
    with pytest.raises(SettingError, match=f"{name!r} cannot name a state or parameter") as caught:
        NeuronModel("own", {name: Parameter(1.0)}, {"V": 0.0}, {"V": "-V / 20.0"})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["V", "weight", "error", "is_label", "activity"])
def test_what_a_loss_knows_cannot_be_its_own(name):
    assert name not in RESERVED_NAMES
    with pytest.raises(SettingError, match="cannot name a state or parameter"):
        weighted_sum("own", "1", {name: Parameter(1.0)})


def test_one_name_is_for_one_thing():
    with pytest.raises(SettingError, match="'V' names two things"):
        NeuronModel("own", {"V": Parameter(1.0)}, {"V": 0.0}, {"V": "-V / 20.0"})
    neuron = NeuronModel("own", {"tau": Parameter(1.0)}, {"V": 0.0}, {"V": "(I - V) / tau"})
    for state, parameter in (("V", "tau_syn"), ("I", "V"), ("tau", "tau_syn")):
        dynamics = {state: f"-{state} / {parameter}"}
        synapse = SynapseModel("own", {parameter: Parameter(1.0)}, {state: 0.0}, dynamics, state)
        with pytest.raises(SettingError, match="names two things in own and own"):
            Population("hidden", 2, neuron, synapse)


def test_names_that_are_one_in_code_are_refused():
    parameters, dynamics = {"back_r": Parameter(9.0)}, {"r": "(I - r * r) / back_r"}
    neuron = NeuronModel("own", parameters, {"r": 0.0}, dynamics, threshold="r - 1", reset={"r": "0"})
    with pytest.raises(SettingError, match="its names I, back_r, r, tau_syn are too similar for generated code"):
        build_program(recurrent_classifier(3, 2, 2, neuron=neuron), "grid")


def test_a_loss_from_an_integrand_leaves_every_name_to_its_parameters():
    names = {"total": Parameter(1.0), "cost": Parameter(2.0)}
    made = density_loss("own", "total * V**2 + cost * V", names)
    assert not made.state.keys() & names.keys()
