"""Trained parameters of neurons on the GeNN back end: the gradients and the steps of native on the grid."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import Gamma, Network, Trained
from tests.backends.genn_cases import assert_same, assert_same_gradients, compiled, network, samples
from tests.backends.test_genn_parity import EXACT, SINGLE

pytest.importorskip("pygenn", reason="PyGeNN is not installed")
pytestmark = pytest.mark.slow

TAUS = {"tau_mem": Trained(3.0, rate=10.0), "tau_syn": Trained(1.0)}
HIDDEN = {**TAUS, "v_threshold": Trained(0.1), "v_reset": Trained(-1.0)}
VARIED = Gamma(12.0, 3.0, 4.0, 40.0)


def _trained(loss: str = "sum_exp", hidden: tuple[int, ...] = (6,), recurrent: bool = True, **changes) -> Network:
    """All parameters that have a gradient: what outputs reset to has none where the first spike counts."""
    settings = {
        "tau_mem": VARIED,
        "output_tau_mem": VARIED,
        "trained": HIDDEN,
        "output_trained": {**TAUS, "v_threshold": Trained(0.1)} if "spike" in loss else TAUS,
    }
    return network(loss, hidden, recurrent, **(settings | changes))


@pytest.mark.parametrize("loss", ["sum_exp", "sum_input", "max", "xentropy", "first_spike_exp"])
def test_gradients_of_every_kind_of_loss_in_float64(loss):
    _compare_gradients(loss, "float64", EXACT)


@pytest.mark.parametrize("loss", ["sum_exp", "xentropy", "first_spike_exp"])
def test_gradients_of_every_kind_of_loss_in_float32(loss):
    _compare_gradients(loss, "float32", SINGLE)


def _compare_gradients(loss: str, precision: str, tolerance: float) -> None:
    described = _trained(loss, (5, 20), True)
    with (
        compiled(described, "native", precision=precision) as native,
        compiled(described, "genn_cpu", precision=precision) as genn,
    ):
        for batch in (samples(3, 8), samples(4, 3)):
            expected, actual = native.gradient(batch), genn.gradient(batch)
            assert_same(actual, expected, tolerance)
    assert len([name for name in actual.gradients if "." in name]) == (11 if "spike" in loss else 10)


def test_only_some_populations_are_trained():
    described = _trained(recurrent=False, trained={}, regularisation=None)
    with compiled(described, "native") as native, compiled(described, "genn_cpu") as genn:
        assert_same(genn.gradient(samples(3, 8)), native.gradient(samples(3, 8)), EXACT)


@pytest.mark.parametrize(("precision", "tolerance"), [("float64", EXACT), ("float32", SINGLE)])
def test_steps_keep_rates_and_minima(precision, tolerance):
    described = _trained(tau_mem=12.0, trained={**HIDDEN, "tau_mem": Trained(11.9, rate=30.0)})
    with (
        compiled(described, "native", precision=precision, learning_rate=0.01) as native,
        compiled(described, "genn_cpu", precision=precision, learning_rate=0.01) as genn,
    ):
        down = genn.train_batch(samples(0, 8)).gradients["hidden.tau_mem"] > 0
        native.train_batch(samples(0, 8))
        # Adam's first step is the learning rate, whatever the gradient.
        moved = genn.parameters["hidden.tau_mem"]
        assert down.any() and not down.all()
        np.testing.assert_allclose(moved, np.where(down, 11.9, 12.3), rtol=1e-6)
        for seed in range(1, 4):
            expected, actual = native.train_batch(samples(seed, 8)), genn.train_batch(samples(seed, 8))
            np.testing.assert_allclose(actual.losses, expected.losses, rtol=tolerance)
        for name, array in native.parameters.items():
            np.testing.assert_allclose(genn.parameters[name], array, rtol=tolerance, atol=tolerance, err_msg=name)
        for name in ("hidden.tau_mem", "hidden.tau_syn", "output.tau_mem"):
            np.testing.assert_array_equal(genn.values[name], genn.parameters[name])


def test_pipelined_gives_the_gradients_of_sequential_one_batch_later():
    batches = [samples(20, 8), samples(21, 3), samples(22, 8)]
    for loss in ("sum_exp", "first_spike_exp"):
        with (
            compiled(_trained(loss), "genn_cpu") as sequential,
            compiled(_trained(loss), "genn_cpu", schedule="pipelined", learning_rate=0.0) as pipelined,
        ):
            expected = [sequential.gradient(batch) for batch in batches]
            actual = [pipelined.train_batch(batch) for batch in [*batches, batches[0]]]
        for k, result in enumerate(expected):
            assert_same_gradients(actual[k + 1], result, EXACT)


def test_pipelined_and_flushed_after_every_batch_is_native():
    with (
        compiled(_trained(), "native") as native,
        compiled(_trained(), "genn_cpu", schedule="pipelined") as pipelined,
    ):
        for seed in range(4):
            expected, actual = native.train_batch(samples(seed, 8)), pipelined.train_batch(samples(seed, 8))
            np.testing.assert_allclose(actual.losses, expected.losses, rtol=EXACT)
            pipelined.flush()
        for name, array in native.parameters.items():
            np.testing.assert_allclose(pipelined.parameters[name], array, rtol=1e-9, atol=1e-12, err_msg=name)


def test_a_value_that_is_set_outlives_the_step_under_way_and_is_trained_from():
    with compiled(_trained(), "genn_cpu", schedule="pipelined") as model:
        model.train_batch(samples(1, 8))
        model.set_value("hidden.tau_mem", 12.0)
        assert model._optimiser.steps_taken == 1
        for numbers in (model.parameters["hidden.tau_mem"], model.values["hidden.tau_mem"]):
            np.testing.assert_array_equal(numbers, np.full(6, 12.0))
        model.train_batch(samples(1, 8))
        model.set_parameters({"hidden.tau_mem": np.full(6, 13.0)})
        np.testing.assert_array_equal(model.values["hidden.tau_mem"], np.full(6, 13.0))
        with compiled(_trained(), "native") as native:
            native.set_parameters(model.parameters)
            assert_same(model.gradient(samples(3, 8)), native.gradient(samples(3, 8)), EXACT)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_parameters_and_optimiser_state_go_on_bit_for_bit_and_between_back_ends(precision):
    with (
        compiled(_trained(), "genn_cpu", precision=precision) as first,
        compiled(_trained(), "genn_cpu", precision=precision, seed=9) as second,
        compiled(_trained(), "native", precision=precision, seed=8) as native,
    ):
        first.train_batch(samples(1, 8))
        for other in (second, native):
            other.set_parameters(first.parameters)
            other.set_optimiser_state(first.optimiser_state)
            other.train_batch(samples(2, 8))
        assert first.optimiser_state.keys() == native.optimiser_state.keys()
        first.train_batch(samples(2, 8))
        tolerance = EXACT if precision == "float64" else SINGLE
        for name, array in first.parameters.items():
            assert array.dtype == native.parameters[name].dtype
            np.testing.assert_array_equal(array, second.parameters[name])
            np.testing.assert_allclose(array, native.parameters[name], rtol=tolerance, atol=tolerance, err_msg=name)
