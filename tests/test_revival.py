import numpy as np

from genn_shd.models import recurrent_classifier
from genn_shd.revival import lift_silent

from .counting_model import CountingModel


def test_weights_from_other_layers_into_silent_neurons_are_lifted_and_no_others():
    model = CountingModel(recurrent_classifier(5, (4, 3), 2, recurrent=True))
    before = model.parameters
    silent = {"hidden0": np.array([True, False, False, True]), "hidden1": np.array([False, True, False])}
    lift_silent(model, silent, 0.5)
    expected = before
    expected["input_hidden0"][:, [0, 3]] += 0.5
    expected["hidden0_hidden1"][:, 1] += 0.5
    assert set(expected) == {
        "input_hidden0",
        "hidden0_hidden0",
        "hidden0_hidden1",
        "hidden1_hidden1",
        "hidden1_output",
    }
    for name, weights in model.parameters.items():
        np.testing.assert_array_equal(weights, expected[name])


def test_nothing_happens_where_all_neurons_spike():
    model = CountingModel(recurrent_classifier(5, 4, 2))
    model.set_parameters = None  # not to be called
    lift_silent(model, {"hidden": np.zeros(4, bool)}, 0.5)
    lift_silent(model, {}, 0.5)
