"""Populations may have any identifier as a name: the code that is generated for them gives the same numbers."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace

import numpy as np
import pytest

from genn_shd import Delay, Network, Uniform, build_program, compile_network, recurrent_classifier
from genn_shd.backends import native
from genn_shd.backends.native.generator import NAMES, generate
from genn_shd.eventprop.population_names import choose_code_names, rename_populations

from .genn_cases import NUM_CLASSES, NUM_INPUT, samples

WITHOUT_PYGENN = pytest.mark.skipif(importlib.util.find_spec("pygenn") is None, reason="PyGeNN is not installed")
ORDINARY = ("input", "hidden", "output")
NASTY = [
    ("inputs", "picked", "scalar"),
    ("int", "class", "errno"),
    ("_Bool", "__attribute__", "M_PI"),
    ("élan", "λ", "Größe"),
    ("hidden", "hidden_tape", "hidden_tape_state"),
    ("population_2", "population_0", "main"),
    ("Batch", "sample", "Values"),
]


def network(names: tuple[str, ...], delays: bool = False) -> Network:
    """A recurrent network whose populations have these names; one with delays has noise and dropout, too."""
    given = {"input_hidden": Delay(Uniform(1.0, 4.0), 5.0), "hidden_hidden": Delay(2.0, 5.0, per="source")}
    described = recurrent_classifier(NUM_INPUT, 6, NUM_CLASSES, delays=given if delays else {})
    disturbed = {"hidden": {"noise": 0.1, "dropout": 0.2} if delays else {}}
    code = dict(zip(ORDINARY, names, strict=True))
    return replace(
        described,
        populations=tuple(replace(p, name=code[p.name], **disturbed.get(p.name, {})) for p in described.populations),
        connections=tuple(replace(c, source=code[c.source], target=code[c.target]) for c in described.connections),
    )


def code_of(names: tuple[str, ...], scheme: str) -> str:
    """The code without its comments, in which the populations have their ordinary names."""
    program = build_program(network(names, delays=True), scheme, native.is_taken)
    coded = rename_populations(program, NAMES.own, NAMES.suffixes)
    source = re.sub(r"/\*.*?\*/", " ", generate(program, "float32").text, flags=re.DOTALL)
    for own, ordinary in zip(coded.network.populations, ORDINARY, strict=True):
        source = re.sub(rf"\b{own.name}(?=_|\b)|(?<=_){own.name}(?=_|\b)", f"<{ordinary}>", source)
    return re.sub(r"\s+", "", source)


@pytest.mark.parametrize("scheme", ["exact", "grid"])
@pytest.mark.parametrize("names", NASTY)
def test_the_code_is_the_same_but_for_the_names(names, scheme):
    assert code_of(names, scheme) == code_of(("first", "second", "third"), scheme)


def numbers(described: Network, backend: str, **options: object) -> list[np.ndarray]:
    """Everything that a training step gives, without names."""
    with compile_network(described, backend, batch_size=8, duration=60.0, **options) as model:
        result = model.train_batch(samples(1, 8))
        assert set(model.parameters) == {c.name for c in described.connections}
        return [result.losses, result.logits, *result.gradients.values(), *result.spike_counts.values()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "scheme", "names"),
    [
        ("native", "exact", NASTY[1]),
        ("native", "grid", NASTY[4]),
        pytest.param("genn_cpu", "grid", NASTY[3], marks=WITHOUT_PYGENN),
    ],
)
def test_any_name_gives_the_same_bits(backend, scheme, names):
    pairs = (numbers(network(chosen), backend, scheme=scheme) for chosen in (names, ORDINARY))
    for own, ordinary in zip(*pairs, strict=True):
        np.testing.assert_array_equal(own, ordinary)


def test_the_comment_that_opens_the_code_names_both():
    source = generate(build_program(network(NASTY[3]), "grid", native.is_taken), "float32").text
    assert "λ is called population_1 below" in source
    code = source[source.index("*/") :]
    assert code.isascii() and "population_1_state" in code


@pytest.mark.parametrize("names", NASTY)
def test_names_in_code_are_distinct_and_made_of_none(names):
    codes = list(choose_code_names(names, {"picked", "inputs", "scalar"}, {"_tape", "_state"}).values())
    assert len(set(codes)) == len(codes)
    assert not any(a != b and a.startswith(f"{b}_tape") for a in codes for b in codes)
    assert all(code.isascii() for code in codes)


@pytest.mark.parametrize("names", [("input", "hidden", "output"), ("E", "I", "exc"), ("hidden", "hidden_1", "memory")])
def test_other_names_stay(names):
    codes = choose_code_names(names, {"inputs", "scalar"}, {"_tape", "_state"})
    assert list(codes) == list(codes.values())
