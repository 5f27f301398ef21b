"""Delays of the source on the GeNN back end: the one list of spikes read several times, as native does on the grid."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import Gamma, SettingError, SpikeTrains, Trained
from genn_shd.backends.genn import builder
from tests.backends.genn_cases import NUM_INPUT, assert_same, assert_same_gradients, compiled, network, samples
from tests.backends.test_genn_parity import EXACT, SINGLE

pytest.importorskip("pygenn", reason="PyGeNN is not installed")
pytestmark = pytest.mark.slow

DELAYS = (0.0, 4.0, 30.0)
TAUS = {"tau_mem": Trained(3.0), "tau_syn": Trained(1.0)}


@pytest.mark.parametrize(
    ("loss", "hidden", "precision"), [("first_spike_exp", (5, 20), "float64"), ("sum_input", (6,), "float32")]
)
def test_delays_and_trained_parameters_together(loss, hidden, precision):
    described = network(
        loss,
        hidden,
        input_delays=DELAYS,
        tau_mem=Gamma(12.0, 3.0, 4.0, 40.0),
        trained={**TAUS, "v_threshold": Trained(0.1)},
        output_trained=TAUS,
    )
    with (
        compiled(described, "native", precision=precision) as native,
        compiled(described, "genn_cpu", precision=precision) as genn,
    ):
        for batch in (samples(3, 8), samples(4, 3)):
            expected, actual = native.gradient(batch), genn.gradient(batch)
            assert_same(actual, expected, EXACT if precision == "float64" else SINGLE)
    late = actual.gradients[next(iter(actual.gradients))].reshape(len(DELAYS), NUM_INPUT, -1)
    assert all(np.abs(copy).max() > 0 for copy in late)


@pytest.mark.parametrize(("dt", "delays"), [(0.1, (0.3, 0.7, 12.1)), (2.0, (6.0, 58.0))])
def test_other_time_steps(dt, delays):
    """No delay is zero here, and nearly everything of the latest is lost at the end of the trial."""
    described, num_steps = network("max", input_delays=delays), int(60 / dt)
    with (
        compiled(described, "native", dt=dt) as native,
        compiled(described, "genn_cpu", dt=dt, max_spikes=num_steps) as genn,
    ):
        assert_same(genn.gradient(samples(3, 8)), native.gradient(samples(3, 8)), EXACT)


def test_pipelined_and_held_samples_are_delayed_as_well():
    described, everything = network(input_delays=DELAYS), samples(30, 20)
    picks = [np.arange(8), np.array([19, 3, 7]), np.arange(8, 16)]
    with (
        compiled(described, "native") as native,
        compiled(described, "genn_cpu", schedule="pipelined", learning_rate=0.0) as genn,
    ):
        held = genn.upload(everything)
        actual = [genn.train_batch(held.select(pick)) for pick in [*picks, picks[0]]]
        for k, pick in enumerate(picks):
            expected = native.gradient(everything.select(pick))
            np.testing.assert_allclose(actual[k].losses, expected.losses, rtol=EXACT)
            assert_same_gradients(actual[k + 1], expected, EXACT)


def test_spacing_changes_without_compiling(monkeypatch):
    described = network(input_delays=DELAYS)
    with compiled(described, "native") as native, compiled(described, "genn_cpu") as genn:
        monkeypatch.setattr(builder, "_build", lambda *a: pytest.fail("built"))
        before = genn.gradient(samples(3, 8))
        for delays in ([0.0, 2.0, 11.0], [3.0, 0.0, 1e6]):
            for model in (native, genn):
                model.set_value("input.delays", delays)
            after = genn.gradient(samples(3, 8))
            expected = native.gradient(samples(3, 8))
            np.testing.assert_allclose(after.losses, expected.losses, rtol=EXACT)
            assert_same_gradients(after, expected, EXACT)
            assert np.any(after.losses != before.losses)
            np.testing.assert_array_equal(genn.values["input.delays"], delays)


def test_parts_of_a_step_are_refused_before_anything_is_built(monkeypatch):
    with compiled(network(input_delays=DELAYS), "genn_cpu") as model:
        for wrong, message in (
            ([0.0, 4.5, 30.0], r"4.5 ms is no multiple of the time step 1 ms; choose multiples, or backend native"),
            ([0.0, -1.0, 2.0], ">= 0"),
            ([0.0, np.inf, 2.0], "finite"),
            ([0.0, 1.0], "give 3 delays"),
        ):
            with pytest.raises(SettingError, match=message) as error:
                model.set_value("input.delays", wrong)
            assert "\n" not in str(error.value)
        np.testing.assert_array_equal(model.values["input.delays"], DELAYS)
    monkeypatch.setattr(builder, "_build", lambda *a: pytest.fail("built"))
    with pytest.raises(SettingError, match="input.delays .* no multiple"):
        compiled(network(input_delays=(0.0, 0.3)), "genn_cpu", dt=0.2)


def test_a_spike_just_below_an_edge_stays_in_its_bin_at_every_delay():
    """Only a spike that float32 cannot tell from the edge counts as on it, however late it arrives."""
    below = np.nextafter(np.float32(10.0), np.float32(0.0))
    times = np.array([below - 3 * (10.0 - below), below, 0.0], np.float32)
    batch = SpikeTrains.from_events([(np.sort(times), [2, 0, 1])], labels=[0], num_units=NUM_INPUT)
    described = network(input_delays=(0.0, 30.0))
    with compiled(described, "native") as native, compiled(described, "genn_cpu") as genn:
        for model in (native, genn):
            model.set_parameters({"input_hidden": np.full((2 * NUM_INPUT, 6), 4.0)})
        expected = native.evaluate_batch(batch)
        assert expected.spike_counts["hidden"].sum() > 6
        assert_same(genn.evaluate_batch(batch), expected, EXACT)
