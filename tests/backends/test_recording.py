"""What happened in a batch, written down by a back end while it computes what it always does."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from genn_shd import DataError, Recording, SettingError
from tests.backends.genn_cases import NUM_STEPS, assert_same, compiled, network, samples
from tests.naive_grid import written_out

NO_GENN = pytest.mark.skipif(importlib.util.find_spec("pygenn") is None, reason="PyGeNN is not installed")
GENN = pytest.param("genn_cpu", marks=NO_GENN)
WANTED = {"hidden": ["V", "I", "lambda_V", "lambda_I"], "output": ["V", "lambda_V"]}


def record(model, batch, count=4) -> Recording:
    return model.record(batch, WANTED, count)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "scheme"), [("native", "exact"), ("native", "grid"), pytest.param("genn_cpu", "grid", marks=NO_GENN)]
)
def test_recording_changes_nothing_and_compiles_beside(backend, scheme):
    batch = samples(3, 6)
    with compiled(network(), backend, scheme=scheme) as model:
        before, parameters = model.gradient(batch), model.parameters
        recording = record(model, batch)
        after = model.gradient(batch)
        for name, array in model.parameters.items():
            np.testing.assert_array_equal(array, parameters[name])
    assert_same(recording.result, before, 1e-15)
    assert_same(after, before, 1e-15)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["native", GENN])
def test_traces_and_spikes_are_those_of_the_discretisation_written_out(backend):
    described, batch = network("sum_exp", (6,), True), samples(5, 4)
    with compiled(described, backend) as model:
        recording = model.record(batch, {"output": ["V"]}, 3)
        grid = written_out(described, model.parameters, 1.0, NUM_STEPS)
    assert set(recording.spikes) == {"input", "hidden"}
    for b in range(3):
        forward = grid.forward(*batch[b], int(batch.labels[b]))
        np.testing.assert_allclose(recording.traces["output", "V"][b], forward["voltages"], rtol=1e-11, atol=1e-13)
        times, neurons = recording.spikes["hidden"][b]
        expected = sorted((step + 1.0, unit) for step, unit, _ in forward["spikes"]["hidden"])
        assert list(zip(times.tolist(), neurons.tolist(), strict=True)) == expected


@pytest.mark.slow
@NO_GENN
def test_back_ends_record_the_same():
    batch, recordings = samples(3, 6), []
    for backend in ("native", "genn_cpu"):
        with compiled(network("max"), backend) as model:
            recordings.append(record(model, batch))
    native, genn = recordings
    for key, trace in native.traces.items():
        computed = ~np.isnan(trace)
        assert computed.any() and np.abs(trace[computed]).max() > 0
        np.testing.assert_allclose(genn.traces[key][computed], trace[computed], rtol=1e-8, atol=1e-12)
    np.testing.assert_array_equal(native.spikes["hidden"].times, genn.spikes["hidden"].times)
    np.testing.assert_array_equal(native.spikes["hidden"].units, genn.spikes["hidden"].units)


def test_exact_spikes_have_their_own_times():
    batch = samples(3, 6)
    with compiled(network(), "native", scheme="exact") as model:
        recording = record(model, batch, 6)
    spikes = recording.spikes["hidden"]
    counts = np.stack([np.bincount(spikes[b][1], minlength=6) for b in range(6)])
    np.testing.assert_array_equal(counts, recording.result.spike_counts["hidden"])
    assert (spikes.times % 1.0 != 0).mean() > 0.9
    assert (np.diff(spikes.times)[np.diff(np.repeat(np.arange(6), spikes.counts)) == 0] >= 0).all()
    # At every step's end the voltage is below threshold: who reached it has been reset.
    assert 0.5 < recording.traces["hidden", "V"].max() < 1.0


def test_times_of_exact_spikes_do_not_depend_on_the_step():
    """Input spikes keep their times, so without recurrence the first layer's spikes are the same for any step."""
    recordings = []
    for dt in (1.0, 0.4):
        with compiled(network(recurrent=False, regularisation=None), "native", scheme="exact", dt=dt) as model:
            recordings.append(record(model, samples(3, 6)).spikes["hidden"])
    assert recordings[0].num_spikes > 50
    np.testing.assert_array_equal(recordings[0].units, recordings[1].units)
    np.testing.assert_allclose(recordings[0].times, recordings[1].times, atol=1e-5)


def test_both_schemes_record_nearly_the_same_in_short_steps():
    """Also the exact scheme's adjoint is the one of the middle of the trial, at the starts of the same steps."""
    recordings = []
    for scheme in ("grid", "exact"):
        with compiled(network(recurrent=False, regularisation=None), "native", scheme=scheme, dt=0.05) as model:
            recordings.append(record(model, samples(3, 6)))
    for key, grid in recordings[0].traces.items():
        exact = recordings[1].traces[key]
        computed = ~np.isnan(grid) & ~np.isnan(exact)
        assert np.median(np.abs(grid - exact)[computed]) < 0.005 * np.abs(exact[computed]).max(), key


def test_the_adjoint_explains_the_gradient_of_the_weights():
    """On the grid, dL/dw_ij = -tau_syn sum over arrivals from i of lambda_I,j at the start of their step."""
    batch = samples(3, 5)
    with compiled(network(recurrent=False), "native") as model:
        recording = model.record(batch, {"hidden": ["lambda_I"]}, 5)
    expected = np.zeros_like(recording.result.gradients["input_hidden"])
    for b in range(5):
        times, units = recording.spikes["input"][b]
        arrivals = np.floor(times).astype(int) + 1
        for step, unit in zip(arrivals, units, strict=True):
            if step < NUM_STEPS:
                expected[unit] -= 5.0 * np.nan_to_num(recording.traces["hidden", "lambda_I"][b, step])
    np.testing.assert_allclose(expected / 5, recording.result.gradients["input_hidden"], rtol=1e-8, atol=1e-12)


def test_what_is_not_there_is_refused():
    batch = samples(3, 4)
    with compiled(network(), "native") as model:
        assert model.recordable["hidden"] == ("V", "I", "lambda_V", "lambda_I")
        with pytest.raises(SettingError, match="variable of hidden to record 'U' is unknown"):
            model.record(batch, {"hidden": ["U"]}, 1)
        with pytest.raises(SettingError, match="population to record 'hiden'"):
            model.record(batch, {"hiden": ["V"]}, 1)
        with pytest.raises(DataError, match="cannot record 5 samples of a batch of 4"):
            model.record(batch, WANTED, 5)
