"""The C library computes what the native back end does, to rounding, and keeps its own rules."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from genn_shd import Delay, Normal, RandomStreams, SettingError, SpikeTrains, Uniform, compile_network
from genn_shd.augment import Rescale, SpikeNumberNormalisation
from genn_shd.eventprop.population_names import rename_network
from genn_shd.exporters import c
from genn_shd.exporters.c.quantise import dequantise, quantise
from genn_shd.exporters.trained_network import Thinning
from genn_shd.models import recurrent_classifier
from genn_shd.network.learning_rules import find_rule
from tests.exporters.c_program import SEED, CProgram, fresh

CHANNELS, CLASSES, DURATION = 8, 3, 60.0
ROUNDING = {"float32": 2e-6, "float64": 1e-13}


def batch(seed: int = 0) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    events = [(np.sort(rng.uniform(0, 70, 60)).astype(np.float32), rng.integers(0, CHANNELS, 60)) for _ in range(3)]
    return SpikeTrains.from_events(events, labels=[0, 1, 2], num_units=CHANNELS)


def network(loss: str = "sum_exp", hidden=6, **changes):
    names = ["hidden"] if isinstance(hidden, int) else ["hidden0", "hidden1"]
    weights = {f"input_{names[0]}": Normal(0.8, 0.5), f"{names[-1]}_output": Normal(0.6, 0.5)}
    weights |= {f"{n}_{n}": Normal(0, 0.3) for n in names}
    if len(names) == 2:
        weights["hidden0_hidden1"] = Normal(0.7, 0.5)
    return recurrent_classifier(CHANNELS, hidden, CLASSES, True, loss, **{"weights": weights, **changes})


def compiled(network, scheme: str, precision: str = "float64", **changes):
    settings = {"batch_size": 4, "dt": 1.0, "duration": DURATION, "seed": SEED, "num_threads": 1, **changes}
    return compile_network(network, scheme=scheme, precision=precision, **settings)


CASES = {
    "one hidden layer": ("exact", "float32", network()),
    "on the grid": ("grid", "float32", network("first_spike_exp", loss_values={"tau_0": 5.0})),
    "heterogeneous, late copies of the input": (
        *("exact", "float64"),
        network("xentropy", tau_mem=Uniform(10, 30), tau_syn=Uniform(3, 8), input_delays=(0.0, 2.3, 30.0)),
    ),
    "heterogeneous, on the grid": ("grid", "float64", network("max", tau_mem=Uniform(10, 30), input_delays=(0.0, 4.0))),
    "two hidden layers that adapt": ("exact", "float64", network("sum_sigmoid", (5, 6), neuron="alif")),
    "without closed form": ("exact", "float64", network("sum", neuron="adlif", synapse="dual_exponential")),
    "resonators, each of its own": (
        *("exact", "float64"),
        network("first_spike", neuron="rf", neuron_values={"period": Uniform(20, 40)}, loss_values={"tau_0": 5.0}),
    ),
    "delays of synapses": (
        *("exact", "float64"),
        network(
            delays={"input_hidden": Delay(Uniform(0, 12), 12.0), "hidden_hidden": Delay(Uniform(1, 20), 20.0)},
            input_delays=(0.0, 2.3),
        ),
    ),
    "delays of synapses onto outputs, and of sources": (
        *("exact", "float64"),
        network(
            delays={
                "input_hidden": Delay(Uniform(0, 12), 12.0, per="source"),
                "hidden_hidden": Delay(Uniform(1, 20), 20.0, per="source"),
                "hidden_output": Delay(Uniform(1, 15), 15.0),
            }
        ),
    ),
    "delays on the grid": (
        *("grid", "float32"),
        network(
            delays={
                "input_hidden": Delay(Uniform(0, 12), 12.0),
                "hidden_hidden": Delay(Uniform(1, 20), 20.0, per="source"),
            }
        ),
    ),
    "delays of synapses, single precision, adaptive": (
        *("exact", "float32"),
        network("max", neuron="alif", delays={"hidden_hidden": Delay(Uniform(1, 9), 9.0)}),
    ),
    "resonators on the grid": ("grid", "float64", network("sum_linear", neuron="rf")),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_logits_are_those_of_the_native_back_end(case, tmp_path):
    scheme, precision, described = CASES[case]
    with compiled(described, scheme, precision) as model:
        result = model.evaluate_batch(batch())
    assert all(counts.mean() > 1 for p, counts in result.spike_counts.items() if p != "output")
    library = c.generate(fresh(described, scheme), "net", precision)
    program = CProgram(library, tmp_path)
    assert program.size == library.ram
    answers = program.answer(batch(), DURATION, CLASSES)
    largest = np.abs(result.logits).max()
    np.testing.assert_allclose(answers, result.logits, rtol=0, atol=ROUNDING[precision] * largest)


@pytest.mark.parametrize("rule", ["surrogate", "eprop"])
def test_a_neuron_without_reset_spikes_as_the_rule_of_its_training_has_it(rule, tmp_path):
    described = network("sum", neuron="paralif")
    with compiled(described, "grid", rule=rule) as model:
        result = model.evaluate_batch(batch())
    assert result.spike_counts["hidden"].mean() > 5
    library = c.generate(fresh(described, "grid", rule=find_rule(rule)), "net", "float64")
    answers = CProgram(library, tmp_path).answer(batch(), DURATION, CLASSES)
    np.testing.assert_allclose(answers, result.logits, rtol=0, atol=1e-13 * np.abs(result.logits).max())


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_eight_bits_are_the_rounded_weights(scheme, tmp_path):
    with compiled(network(), scheme) as model:
        weights = {name: dequantise(array) for name, array in model.parameters.items()}
        before = model.evaluate_batch(batch()).logits
        model.set_parameters(weights)
        after = model.evaluate_batch(batch()).logits
    library = c.generate(fresh(network(), scheme), "net", "int8")
    answers = CProgram(library, tmp_path).answer(batch(), DURATION, CLASSES)
    assert np.abs(answers - after).max() < 0.01 * np.abs(before - after).max()


def test_rounding_is_to_the_nearest_multiple_of_a_scale_for_each_row():
    weights = np.array([[1.27, -0.004, 0.016], [0.0, 0.0, 0.0], [1.1e-3, -2e-3, 0.0]])
    whole, scales = quantise(weights)
    assert whole.tolist() == [[127, 0, 2], [0, 0, 0], [70, -127, 0]]
    assert np.abs(dequantise(weights) - weights).max() <= 0.5 * scales.max() * (1 + 1e-6)


def test_spikes_that_cannot_be_heard_are_told_of(tmp_path):
    library = c.generate(fresh(network(), "exact"), "net")
    program = CProgram(library, tmp_path, {"NET_MAX_INPUT_SPIKES": 4})
    full, late, no_channel = 1, 2, 3
    program.begin()
    assert program.push(5.5, 0) == 0
    assert program.push(5.2, CHANNELS - 1) == 0  # of the same step
    assert program.push(4.9, 0) == late
    assert program.push(float("nan"), 0) == late
    assert program.push(6.0, CHANNELS) == no_channel
    assert program.push(6.0, -1) == no_channel
    assert program.push(1e30, 0) == 0  # after the trial
    assert [program.push(7.0, 0) for _ in range(5)] == [0, 0, 0, 0, full]
    assert program.advance(8.0) == full
    program.begin()
    assert program.advance(1e30) == 0


def test_logits_grow_as_time_goes_on(tmp_path):
    program = CProgram(c.generate(fresh(network(), "exact"), "net", "float64"), tmp_path)
    with compiled(network(), "exact") as model:
        one = batch().select(np.array([0]))
        shorter = one.crop(20.0)
        program.begin()
        for time, channel in zip(shorter.times, shorter.units, strict=True):
            program.push(time, channel)
        program.advance(20.0)
        early = program.logits(CLASSES)
        program.advance(DURATION)
        np.testing.assert_allclose(program.logits(CLASSES), model.evaluate_batch(shorter).logits[0], atol=1e-13)
        assert np.all(np.abs(early) > 0) and np.all(early != program.logits(CLASSES))


def test_times_and_channels_are_rescaled_as_in_training(tmp_path):
    rescale = Rescale(time=0.5, channel=0.5)
    wide = batch()
    raw = SpikeTrains.from_events(
        [(2 * wide.times[a:b], 2 * wide.units[a:b] + 1) for a, b in zip(wide.offsets, wide.offsets[1:], strict=False)],
        num_units=2 * CHANNELS,
    )
    rescaled = fresh(network(), "exact", rescale=rescale)
    assert rescaled.channels == 2 * CHANNELS
    with compiled(network(), "exact") as model:
        library = c.generate(rescaled, "net", "float64")
        assert f"NET_CHANNELS {2 * CHANNELS}\n" in library.header and "NET_DURATION 120.0f" in library.header
        answers = CProgram(library, tmp_path).answer(raw, 2 * DURATION, CLASSES)
        np.testing.assert_allclose(answers, model.evaluate_batch(wide).logits, atol=1e-13)


@pytest.mark.parametrize(
    ("described", "scheme", "message"),
    [
        (network("sum_input"), "exact", "loss 'sum_input' weights the outputs by the activity of the input"),
        (network(neuron="qif"), "exact", "population 'hidden' has nonlinear dynamics"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(described, scheme, message):
    with pytest.raises(SettingError, match=message):
        c.generate(fresh(described, scheme), "net")


def test_names_of_classes_are_text_of_every_compiler(tmp_path):
    names = ('a "b" ??/ \\n', "Füße", "*/")
    library = c.generate(fresh(network(), "exact", class_names=names, origin="run */"), "net")
    CProgram(library, tmp_path)
    assert '"a \\042b\\042 \\077\\077/ \\134n", "F\\303\\274\\303\\237e", "*/"' in library.source


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed")
@pytest.mark.parametrize("target", ["thumb-linux-musleabihf", "riscv32-linux-musl", "wasm32-wasi"])
def test_zig_compiles_it_for_devices(target, tmp_path):
    library = c.generate(fresh(network(), "exact"), "net", "int8")
    (tmp_path / "net.c").write_text(library.source, encoding="utf-8")
    (tmp_path / "net.h").write_text(library.header, encoding="utf-8")
    strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Os"]
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *strict, "-c", "net.c", "-o", "net.o"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr


def test_a_word_is_thinned_to_the_spikes_that_evaluate_keeps(tmp_path):
    thinning = Thinning(target=40, seed=5)
    program = CProgram(c.generate(fresh(network(), "exact", thinning=thinning), "net"), tmp_path)
    drawn = SpikeNumberNormalisation(40)
    for word in (0, 1, 7):
        streams = RandomStreams.start(5, 0, [word]).derive("normalise")
        for samples in (batch().select(np.array([0])), batch().select(np.array([0])).crop(30.0)):
            kept = [program.keeps(word, spike, len(samples.times)) for spike in range(len(samples.times))]
            np.testing.assert_array_equal(samples.times[np.array(kept, bool)], drawn(samples, streams).times)


def rename(described, names):
    """The same network with other names of populations."""
    return rename_network(described, dict(zip((p.name for p in described.populations), names, strict=True)))


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_populations_may_have_names_that_the_code_uses(scheme, tmp_path):
    delays = {"hidden0_hidden1": Delay(3.0, 5.0), "input_hidden0": Delay(2.0, 5.0, per="source")}
    plain = network("sum_exp", (4, 5), delays=delays)
    awkward = rename(plain, ["größe", "arrivals", "step", "E"])
    library = c.generate(fresh(awkward, scheme), "net")
    assert "population 'arrivals' is called population_1 here" in library.source
    answers = CProgram(library, tmp_path).answer(batch(), DURATION, CLASSES)
    (tmp_path / "plain").mkdir()
    expected = CProgram(c.generate(fresh(plain, scheme), "net"), tmp_path / "plain").answer(batch(), DURATION, CLASSES)
    np.testing.assert_array_equal(answers, expected)
