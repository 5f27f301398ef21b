"""E-prop: the surrogate gradient without what goes by way of other hidden neurons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import EProp, Normal, SettingError, SpikeCountRegularisation, SurrogateGradient
from tests.backends.test_native_surrogate import (
    CLASSES,
    SHAPES,
    assert_equal,
    compile_surrogate,
    differentiate,
    make_batch,
    make_network,
    write_out,
)


@pytest.mark.parametrize("reset", ["attached", "detached"])
@pytest.mark.parametrize("neuron", ["lif", "alif"])
def test_recurrent_network_is_that_of_the_steps_with_local_derivatives_alone(neuron, reset):
    network, rule = make_network((6,), True, neuron=neuron), EProp("arctan", reset)
    with compile_surrogate(network, rule) as model:
        result = model.gradient(make_batch(1))
        written = write_out(network, SurrogateGradient("arctan", reset), SHAPES["arctan"], local=True)
        loss, expected = differentiate(written, model.parameters, make_batch(1), "sum_exp")
    np.testing.assert_allclose(np.mean(result.losses), loss)
    assert_equal(result.gradients, expected)


@pytest.mark.parametrize("loss", ["sum", "max", "xentropy"])
def test_without_recurrence_it_is_the_surrogate_gradient(loss):
    regularisation = SpikeCountRegularisation(upper=3.0, strength_upper=0.01)
    network = make_network((6,), False, loss, regularisation=regularisation)
    with compile_surrogate(network, SurrogateGradient("triangle")) as model:
        expected = model.gradient(make_batch(2)).gradients
    with compile_surrogate(network, EProp("triangle")) as model:
        assert_equal(model.gradient(make_batch(2)).gradients, expected)


def draw_feedback(seed: int, size: int, std: float) -> np.ndarray:
    """Feedback (hidden, outputs), as the C code draws it."""

    def scatter(x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, np.uint32)
        x = (x ^ x >> np.uint32(16)) * np.uint32(0x7FEB352D)
        x = (x ^ x >> np.uint32(15)) * np.uint32(0x846CA68B)
        return x ^ x >> np.uint32(16)

    with np.errstate(over="ignore"):
        key = scatter(np.uint32(seed) + np.uint32(1) * np.uint32(0x9E3779B9))
        drawn = scatter(key ^ np.arange(size * CLASSES, dtype=np.uint32)) / 2.0**32 - 0.5
    return drawn.reshape(size, CLASSES) * std * np.sqrt(12)


def test_random_feedback_stands_for_the_output_weights_on_the_way_back():
    network, rule = make_network((6,), False), EProp("arctan", feedback="random", feedback_std=0.5)
    with compile_surrogate(network, rule) as model:
        gradients = model.gradient(make_batch(3)).gradients
        written = write_out(network, SurrogateGradient("arctan"), SHAPES["arctan"])
        written.feedback = draw_feedback(4, 6, 0.5)
        _, expected = differentiate(written, model.parameters, make_batch(3), "sum_exp")
    assert_equal(gradients, expected)


def test_training_and_recording_go_on_from_the_trial_run_twice():
    network, batch = make_network((6,), True), make_batch(1)
    with compile_surrogate(network, "eprop", learning_rate=0.02) as model:
        losses = [np.mean(model.train_batch(batch).losses) for _ in range(30)]
        recording = model.record(batch, {"hidden": ["V"]}, 1)
    assert losses[-1] < 0.7 * losses[0]
    assert len(recording.spikes["hidden"][0][0]) == recording.result.spike_counts["hidden"][0].sum()


def test_feedback_by_weights_needs_weights_and_outputs_that_are_alike():
    network = make_network((5, 4), True)
    with pytest.raises(SettingError, match="'hidden0', as it is not connected to the outputs"):
        compile_surrogate(network, "eprop")
    with compile_surrogate(network, EProp(feedback="random")) as model:
        assert np.abs(model.gradient(make_batch(1)).gradients["input_hidden0"]).max() > 0
    output = network.output
    mixed = replace(
        network,
        populations=(
            *network.populations[:-1],
            replace(output, values={**output.values, "tau_mem": Normal(15.0, 1.0)}),
        ),
    )
    with pytest.raises(SettingError, match="different tau_mem"):
        compile_surrogate(mixed, EProp(feedback="random"))
