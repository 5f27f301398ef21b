import numpy as np

from genn_shd import Normal
from genn_shd.models import recurrent_classifier
from genn_shd.training.silent_neurons import lift_weights, redraw_weights, select_all_hidden
from tests.counting_model import CountingModel


def test_weights_from_other_layers_into_silent_neurons_are_lifted_and_no_others():
    model = CountingModel(recurrent_classifier(5, (4, 3), 2, recurrent=True))
    before = model.parameters
    silent = {"hidden0": np.array([True, False, False, True]), "hidden1": np.array([False, True, False])}
    lift_weights(model, silent, 0.5)
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


def test_weights_from_other_layers_into_silent_neurons_are_drawn_anew_as_they_were_at_first():
    wide = recurrent_classifier(200, (4, 3), 2, recurrent=True, weights={"input_hidden0": Normal(3.0, 0.5)})
    model = CountingModel(wide)
    before = model.parameters
    redraw_weights(model, {"hidden0": np.array([True, False, False, True])}, np.random.default_rng(1))
    after = model.parameters
    drawn = after["input_hidden0"][:, [0, 3]]
    assert abs(drawn.mean() - 3.0) < 0.1
    assert abs(drawn.std() - 0.5) < 0.05
    assert len(np.unique(drawn)) == drawn.size
    after["input_hidden0"][:, [0, 3]] = before["input_hidden0"][:, [0, 3]]
    for name, weights in after.items():
        np.testing.assert_array_equal(weights, before[name])


def test_everyone_is_every_hidden_neuron():
    chosen = select_all_hidden(CountingModel(recurrent_classifier(5, (4, 3), 2)))
    assert {name: mask.tolist() for name, mask in chosen.items()} == {"hidden0": [True] * 4, "hidden1": [True] * 3}


def test_nothing_happens_where_all_neurons_spike():
    model = CountingModel(recurrent_classifier(5, 4, 2))
    model.set_parameters = None  # not to be called
    lift_weights(model, {"hidden": np.zeros(4, bool)}, 0.5)
    lift_weights(model, {}, 0.5)
