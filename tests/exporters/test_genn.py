"""The script for PyGeNN answers as the grid scheme does."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from genn_shd import Delay, RandomStreams, SettingError, Uniform
from genn_shd.augment import SpikeNumberNormalisation
from genn_shd.exporters import genn
from genn_shd.exporters.trained_network import Thinning
from tests.exporters.c_program import fresh
from tests.exporters.test_c import batch, compiled, network, rename

CASES = {
    "recurrent": network("sum_exp", tau_mem=Uniform(10, 30), input_delays=(0.0, 4.0)),
    "delays": network(
        delays={
            "input_hidden": Delay(Uniform(0, 12), 12.0),
            "hidden_hidden": Delay(Uniform(1, 20), 20.0, per="source"),
        }
    ),
    "names that the script uses": rename(network("sum_exp", (4, 5)), ["numbers", "dt", "Weight", "delays"]),
    "first spikes": network("first_spike", loss_values={"tau_0": 5.0}, neuron="alif"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_logits_are_those_of_the_grid(case, tmp_path, monkeypatch):
    pytest.importorskip("pygenn", reason="PyGeNN is not installed")
    described = CASES[case]
    script = genn.generate(fresh(described, "exact"), "words", "a test")
    (tmp_path / "words.py").write_text(script.source, encoding="utf-8")
    (tmp_path / "words.npz").write_bytes(script.numbers)
    monkeypatch.chdir(tmp_path)
    specification = importlib.util.spec_from_file_location("words", tmp_path / "words.py")
    words = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(words)
    with compiled(described, "grid") as model:
        expected = model.evaluate_batch(batch()).logits
    model = words.build(100, backend="single_threaded_cpu")
    answers = [words.classify(model, *batch()[k]) for k in range(3)]
    np.testing.assert_allclose(answers, expected, atol=1e-12 * np.abs(expected).max())


def test_a_sample_is_thinned_to_the_spikes_that_evaluate_keeps(tmp_path):
    pytest.importorskip("pygenn", reason="PyGeNN is not installed")
    script = genn.generate(fresh(network(), "grid", thinning=Thinning(target=40, seed=5)), "words", "a test")
    (tmp_path / "words.npz").write_bytes(script.numbers)
    words = {"__file__": str(tmp_path / "words.py"), "__name__": "words"}
    exec(compile(script.source, "words.py", "exec"), words)
    sample = batch().select(np.array([1])).crop(60.0)
    for number in (0, 3):
        expected = SpikeNumberNormalisation(40)(sample, RandomStreams.start(5, 0, [number]).derive("normalise"))
        times, units = words["thin"](sample.times, sample.units, number)
        np.testing.assert_array_equal(times, expected.times)
        np.testing.assert_array_equal(units, expected.units)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        (network("sum_input"), "loss 'sum_input' weights the outputs by the activity of the input"),
        (network(neuron="qif"), "population 'hidden' has nonlinear dynamics"),
        (network(input_delays=(0.0, 2.5)), "a copy of the input has a delay of 2.5 ms"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(described, message):
    with pytest.raises(SettingError, match=message):
        genn.generate(fresh(described, "grid"), "words", "a test")
