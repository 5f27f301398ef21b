"""Nonlinear neurons and conductances on the GeNN back end: the spikes, gradients and steps of native on the grid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from genn_shd import (
    Delay,
    DivergedError,
    Network,
    NeuronModel,
    Normal,
    Parameter,
    Population,
    SpikeTrains,
    SynapseModel,
    Trained,
    Uniform,
)
from genn_shd.models import recurrent_classifier
from genn_shd.models.neurons import LI, find_neuron
from genn_shd.models.synapses import EXPONENTIAL, find_synapse
from tests.backends.genn_cases import (
    NUM_CLASSES,
    NUM_INPUT,
    REGULARISATION,
    assert_same,
    assert_same_gradients,
    compiled,
    samples,
)
from tests.backends.test_genn_parity import SINGLE
from tests.eventprop.test_nonlinear_neurons import CASES, NOT_NEGATIVE

pytest.importorskip("pygenn", reason="PyGeNN is not installed")
pytestmark = pytest.mark.slow

DURATION = 40
EXACT = 1e-9
# Native's own gradient changes so much where weights change by one rounding: the gates' rates are 0 / 0 at a voltage.
TOLERANCE = {"hodgkin_huxley": 1e-5}


def _network(case: str, **changes: Any) -> Network:
    """Two hidden layers, the first recurrent, whose parameters are trained."""
    neuron, synapse, trained, weight = CASES[case]
    settings: dict[str, Any] = {
        "neuron": neuron,
        "synapse": synapse,
        "trained": {name: Trained(minimum=0.001 if name in NOT_NEGATIVE else -1e3) for name in trained},
        "weights": {
            "input_hidden": Normal(2 * weight, weight),
            "hidden_hidden": Normal(0.0, 0.2 * weight),
            "hidden0_hidden1": Normal(2 * weight, weight),
            "hidden_output": Normal(0.0, 0.5),
        },
    }
    return recurrent_classifier(NUM_INPUT, (5, 4), NUM_CLASSES, [True, False], **(settings | changes))


def _options(case: str = "", **changes: Any) -> dict[str, Any]:
    stiff = {"dt": 0.05, "duration": 20} if case == "hodgkin_huxley" else {"dt": 0.5, "duration": DURATION}
    return {**stiff, "batch_size": 4, **changes}


def _batch(seed: int = 3, size: int = 4) -> SpikeTrains:
    return samples(seed, size, num_steps=DURATION)


def _compare(described: Network, tolerance: float, **options: Any) -> None:
    with compiled(described, "native", **options) as native, compiled(described, "genn_cpu", **options) as genn:
        expected, actual = native.gradient(_batch()), genn.gradient(_batch())
    assert all(counts.sum() >= 10 for counts in expected.spike_counts.values()), expected.spike_counts
    assert_same(actual, expected, tolerance)


@pytest.mark.parametrize("case", CASES)
def test_spikes_and_gradients(case: str) -> None:
    _compare(_network(case), TOLERANCE.get(case, EXACT), **_options(case))


def test_single_precision() -> None:
    _compare(_network("coba"), SINGLE, **_options(precision="float32"))


def test_another_order() -> None:
    _compare(_network("eif"), EXACT, **_options(integration_order=2))


def test_delays_regularisation_and_neurons_that_differ() -> None:
    delays = {
        "input_hidden": Delay(Uniform(0.0, 10.0), 12.0, Trained(0.0, rate=100.0), "synapse"),
        "hidden0_hidden1": Delay(Uniform(1.0, 5.0), 6.0, Trained(0.0, rate=100.0), "source"),
    }
    described = _network("coba", delays=delays, regularisation=REGULARISATION, tau_mem=Uniform(10.0, 30.0))
    _compare(described, EXACT, **_options())


def _with_output(described: Network, neuron: NeuronModel, synapse: SynapseModel, *trained: str) -> Network:
    output = Population(
        "output", NUM_CLASSES, neuron, synapse, trained={name: Trained(minimum=1e-3) for name in trained}
    )
    return replace(described, populations=(*described.populations[:-1], output))


def test_outputs_that_spike() -> None:
    described = _network("eif", loss="first_spike_exp")
    connections = tuple(
        replace(c, weight=Normal(2.0, 1.0)) if c.target == "output" else c for c in described.connections
    )
    _compare(
        _with_output(
            replace(described, connections=connections), find_neuron("qif"), EXPONENTIAL, "tau_mem", "v_threshold"
        ),
        EXACT,
        **_options(),
    )


def test_outputs_with_conductances() -> None:
    _compare(
        _with_output(_network("qif", loss="max"), LI, find_synapse("coba"), "tau_mem", "e_rev"), EXACT, **_options()
    )


def test_training_takes_the_steps_of_native() -> None:
    options = _options(learning_rate=0.01)
    with (
        compiled(_network("qif"), "native", **options) as native,
        compiled(_network("qif"), "genn_cpu", **options) as genn,
    ):
        start = native.parameters
        for seed in range(3):
            expected, actual = native.train_batch(_batch(seed)), genn.train_batch(_batch(seed))
            np.testing.assert_allclose(actual.losses, expected.losses, rtol=EXACT)
        for name, array in native.parameters.items():
            assert np.abs(array - start[name]).max() > 0.005, name
            np.testing.assert_allclose(genn.parameters[name], array, rtol=EXACT, atol=EXACT, err_msg=name)


def test_pipelined_gives_the_gradients_of_native_one_batch_later() -> None:
    batches = [_batch(0), _batch(1, 2), _batch(2)]
    with (
        compiled(_network("qif"), "native", **_options()) as native,
        compiled(_network("qif"), "genn_cpu", **_options(schedule="pipelined", learning_rate=0.0)) as genn,
    ):
        expected = [native.gradient(batch) for batch in batches]
        actual = [genn.train_batch(batch) for batch in [*batches, batches[0]]]
    for k, result in enumerate(expected):
        assert_same_gradients(actual[k + 1], result, EXACT)


def test_recordings_and_names_that_the_code_uses_itself() -> None:
    odd = NeuronModel(
        name="odd",
        parameters={
            "below": Parameter(10.0, "ms", minimum=0.0),
            "back_next": Parameter(1.0),
            "by_length": Parameter(0.2),
        },
        state={"step": 0.0, "kept": 0.0},
        dynamics={"step": "(tanh(-step) - by_length * kept + 2 * I) / below", "kept": "(step * step - kept) / 20"},
        threshold="step - back_next",
        reset={"step": "0", "kept": "kept + by_length"},
    )
    trained = {name: Trained(minimum=1e-3) for name in odd.parameters}
    described = _network("qif", neuron=odd, trained=trained)
    wanted = {"hidden0": ("step", "kept", "I", "lambda_step"), "hidden1": ("kept",)}
    with (
        compiled(described, "native", **_options()) as native,
        compiled(described, "genn_cpu", **_options()) as genn,
    ):
        expected, actual = native.record(_batch(), wanted, 2), genn.record(_batch(), wanted, 2)
        assert native.recordable == genn.recordable
    assert_same(actual.result, expected.result, EXACT)
    for key, trace in expected.traces.items():
        assert np.abs(trace).max() > 0
        np.testing.assert_allclose(
            actual.traces[key], trace, rtol=1e-9, atol=1e-9 * np.abs(trace).max(), err_msg=str(key)
        )
    np.testing.assert_array_equal(actual.spikes["hidden1"].times, expected.spikes["hidden1"].times)


def test_a_state_that_grows_without_limit_is_named_and_the_model_goes_on() -> None:
    unstable = NeuronModel(
        name="unstable",
        parameters={"tau_mem": Parameter(20.0, "ms", minimum=0.0)},
        state={"V": 0.0},
        dynamics={"V": "(V * V + I) / tau_mem"},
        threshold="V + 1e9",
        reset={"V": "V"},
    )
    message = r"population 'hidden0': the state of neuron \d is not finite; lower simulation.dt"
    with compiled(_network("qif", neuron=unstable, trained={}), "genn_cpu", **_options()) as model:
        model.set_parameters({"input_hidden0": np.full((NUM_INPUT, 5), 20.0)})
        for work in (model.evaluate_batch, model.train_batch):
            with pytest.raises(DivergedError, match=message):
                work(_batch())
        model.set_parameters({"input_hidden0": np.zeros((NUM_INPUT, 5))})
        assert np.isfinite(model.gradient(_batch()).loss)
