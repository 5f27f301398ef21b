"""Delays of connections on the GeNN back end: those of native on the grid, rounded to steps."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import Delay, SettingError, Trained, Uniform
from tests.backends.genn_cases import assert_same, assert_same_gradients, compiled, network, samples
from tests.backends.test_genn_parity import EXACT, SINGLE

pytest.importorskip("pygenn", reason="PyGeNN is not installed")
pytestmark = pytest.mark.slow

CONNECTIONS = ("input_hidden", "hidden_hidden", "hidden_output")
TRAINED = Trained(0.0, rate=100.0)


def _delays(per: str, connections=CONNECTIONS):
    return {name: Delay(Uniform(0.0, 20.0), 24.0, TRAINED, per) for name in connections}


@pytest.mark.parametrize("per", ["synapse", "source"])
@pytest.mark.parametrize(
    ("loss", "dt", "precision", "changes"),
    [
        ("sum_exp", 1.0, "float64", {"input_delays": (0.0, 4.0)}),
        ("max", 2.0, "float64", {"neuron": "alif", "trained": {"tau_mem": Trained(3.0)}}),
        ("xentropy", 1.0, "float32", {}),
    ],
)
def test_equals_native(per, loss, dt, precision, changes):
    described = network(loss, delays=_delays(per), **changes)
    with (
        compiled(described, "native", dt=dt, precision=precision) as native,
        compiled(described, "genn_cpu", dt=dt, precision=precision) as genn,
    ):
        for batch in (samples(3, 8), samples(4, 3)):
            assert_same(genn.gradient(batch), native.gradient(batch), EXACT if precision == "float64" else SINGLE)


def test_outputs_that_spike_and_two_layers_of_which_some_have_delays():
    delays = _delays("synapse", ["hidden0_hidden1"]) | _delays("source", ["hidden1_output"])
    described = network("first_spike_exp", (5, 20), delays=delays)
    with compiled(described, "native") as native, compiled(described, "genn_cpu") as genn:
        assert_same(genn.gradient(samples(3, 8)), native.gradient(samples(3, 8)), EXACT)


def test_pipelined_and_sequential_trainings_are_those_of_native():
    delays = {**_delays("synapse"), "hidden_hidden": Delay(Uniform(1.0, 9.0), 10.0, None, "source")}
    described, batches = network(delays=delays, regularisation=None), [samples(seed, 8) for seed in range(4)]
    with (
        compiled(described, "native", learning_rate=0.01) as native,
        compiled(described, "genn_cpu", learning_rate=0.01, schedule="sequential") as genn,
        compiled(described, "genn_cpu", learning_rate=0.0, schedule="pipelined") as pipelined,
    ):
        pipelined.train_batch(batches[0])
        assert_same_gradients(pipelined.train_batch(batches[1]), native.gradient(batches[0]), EXACT)
        for batch in batches:
            ours, theirs = genn.train_batch(batch), native.train_batch(batch)
        np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-9)
        moved = genn.parameters["input_hidden.delay"]
        np.testing.assert_allclose(moved, native.parameters["input_hidden.delay"], atol=1e-6)
        assert genn.values["hidden_hidden.delay"].shape == (6,)


def test_parameters_values_and_the_optimiser_go_on_bit_for_bit():
    delays = {"input_hidden": Delay(0.05, 24.0, TRAINED), "hidden_output": Delay(3.0, 9.0)}
    described, batch = network(delays=delays), samples(3, 8)
    with compiled(described, "genn_cpu", schedule="sequential") as model:
        for _ in range(3):
            model.train_batch(batch)
        parameters, state = model.parameters, model.optimiser_state
        assert parameters["input_hidden.delay"].min() == 0.0 < parameters["input_hidden.delay"].max()
        expected = model.train_batch(batch)
        model.set_parameters(parameters)
        model.set_optimiser_state(state)
        again = model.train_batch(batch)
        np.testing.assert_array_equal(again.losses, expected.losses)
        np.testing.assert_array_equal(again.gradients["input_hidden.delay"], expected.gradients["input_hidden.delay"])
        model.set_value("hidden_output.delay", 6.0)
        assert not np.allclose(model.evaluate_batch(batch).losses, again.losses)
        with pytest.raises(SettingError, match="from 1 to 9"):
            model.set_value("hidden_output.delay", 0.5)
