"""On a GPU: all samples of a batch side by side give what native gives, in both schedules. Skipped without a GPU."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import BackendError, Trained
from genn_shd.backends.genn import availability
from genn_shd.models.losses import LOSSES
from tests.backends.genn_cases import assert_same, assert_same_gradients, compiled, network, samples

GRADED = [name for name, loss in LOSSES.items() if loss.differentiable]


def _missing() -> str:
    try:
        availability.load_pygenn()
    except BackendError as error:
        return str(error)
    return availability.explain_missing("cuda")


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing() or "a GPU is there")

TOLERANCE = {"float32": 1e-4, "float64": 1e-8}


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("loss", GRADED)
def test_sequential_equals_native(loss, precision):
    described = network(loss, (5, 20), True)
    with (
        compiled(described, "native", precision=precision) as native,
        compiled(described, "genn_cuda", precision=precision, schedule="sequential") as genn,
    ):
        for batch in (samples(3, 8), samples(4, 3), samples(5, 1)):
            assert_same(genn.gradient(batch), native.gradient(batch), TOLERANCE[precision])
        held, picks = genn.upload(samples(30, 40)), np.array([3, 39, 0])
        expected = native.gradient(samples(30, 40).select(picks))
        assert_same(genn.gradient(held.select(picks)), expected, TOLERANCE[precision])


@pytest.mark.parametrize("loss", ["sum_exp", "xentropy", "first_spike_exp"])
def test_pipelined_is_native_one_batch_later(loss):
    batches = [samples(20, 8), samples(21, 3), samples(22, 8), samples(23, 5)]
    with (
        compiled(network(loss), "native") as native,
        compiled(network(loss), "genn_cuda", learning_rate=0.0) as genn,
    ):
        assert genn.schedule == "pipelined"
        actual = [genn.train_batch(batch) for batch in [*batches, batches[0]]]
        for k, batch in enumerate(batches):
            expected = native.gradient(batch)
            np.testing.assert_allclose(actual[k].losses, expected.losses, rtol=1e-8)
            assert_same_gradients(actual[k + 1], expected, 1e-8)


@pytest.mark.parametrize("loss", ["sum_exp", "xentropy", "first_spike_exp"])
def test_trained_parameters_of_neurons_and_delays(loss):
    taus = {"tau_mem": Trained(3.0), "tau_syn": Trained(1.0)}
    described = network(loss, (5, 20), trained=taus, output_trained=taus, input_delays=(0.0, 4.0, 30.0))
    with (
        compiled(described, "native") as native,
        compiled(described, "genn_cuda", schedule="sequential") as genn,
    ):
        for batch in (samples(3, 8), samples(4, 3)):
            assert_same(genn.train_batch(batch), native.train_batch(batch), 1e-8)
        for name, array in native.parameters.items():
            np.testing.assert_allclose(genn.parameters[name], array, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("neuron", "synapse"), [("qif", "exponential"), ("lif", "coba")])
def test_nonlinear_neurons_and_conductances(neuron, synapse):
    described = network("sum_exp", (5, 20), neuron=neuron, synapse=synapse, trained={"tau_mem": Trained(3.0)})
    with (
        compiled(described, "native") as native,
        compiled(described, "genn_cuda", schedule="sequential") as genn,
    ):
        for batch in (samples(3, 8), samples(4, 3)):
            assert_same(genn.train_batch(batch), native.train_batch(batch), 1e-8)


def test_fifty_batches_of_training_give_the_same_curve():
    curves = []
    for backend, options in (("native", {}), ("genn_cuda", {"schedule": "sequential"})):
        with compiled(network(), backend, learning_rate=1e-2, **options) as model:
            model.set_value("loss.loss_scale", 20.0)
            curves.append([model.train_batch(samples(100 + k % 2, 8)).loss for k in range(50)])
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-3)


def test_run_time_values_and_weights_reach_the_device():
    with (
        compiled(network(), "native") as native,
        compiled(network(), "genn_cuda", schedule="sequential") as genn,
    ):
        for model in (native, genn):
            model.set_value("hidden.tau_mem", np.linspace(8.0, 30.0, 6))
            model.set_value("loss.loss_scale", 1.5)
            model.set_value("regularisation.hidden.strength_upper", 0.5)
        genn.set_parameters(native.parameters)
        assert_same(genn.gradient(samples(3, 8)), native.gradient(samples(3, 8)), 1e-8)
        native.train_batch(samples(1, 8)), genn.train_batch(samples(1, 8))
        native.set_optimiser_state(genn.optimiser_state)
        native.train_batch(samples(2, 8)), genn.train_batch(samples(2, 8))
        for name, weights in native.parameters.items():
            np.testing.assert_allclose(genn.parameters[name], weights, rtol=0, atol=1e-10)
