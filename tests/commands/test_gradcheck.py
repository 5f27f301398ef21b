"""`python -m genn_shd.gradcheck` says whether gradients are exact, in a table and by its exit code."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import Normal, SpikeTrains, check_gradients, compile_network, gradcheck
from genn_shd.backends.gradient_check import compute_extrapolated_differences, list_non_gradients
from genn_shd.models import recurrent_classifier

SMALL = ["--samples", "2", "--entries", "6"]


def test_the_default_network_is_exact(capsys):
    assert gradcheck.main(SMALL) == 0
    printed = capsys.readouterr().out
    assert "scheme exact, dt 1 ms" in printed
    for name in ("input_hidden", "hidden_output"):
        assert name in printed


def test_the_grid_is_not_and_the_exit_code_says_so(capsys):
    assert gradcheck.main([*SMALL, "--set", "simulation.scheme=grid"]) == 1
    assert "scheme grid" in capsys.readouterr().out


def test_rules_and_chance_are_off_while_gradients_are_compared(capsys):
    settings = ("regularisation.strength_upper=1e-3", "network.noise=0.1", "network.dropout=0.2")
    assert gradcheck.main([*SMALL, *(word for setting in settings for word in ("--set", setting))]) == 0
    printed = capsys.readouterr().out
    assert "switched off for the check, as they are random or rules without a gradient" in printed
    for name in ("regularisation.hidden.strength_lower", "hidden.noise", "hidden.dropout"):
        assert name in printed


def test_samples_that_a_rule_wakes_up_are_left_out(capsys):
    assert gradcheck.main(["--samples", "6", "--entries", "6", "--set", "loss=first_spike"]) == 0
    printed = capsys.readouterr().out
    assert "\n1 samples" in printed
    assert "of 6 requested samples, 1 are checked; left out: 5 in which the output of the label is silent" in printed
    silent = ("loss=first_spike", "network.weights.hidden_output={mean = -1.0, std = 0.0}")
    assert gradcheck.main([*SMALL, *(word for setting in silent for word in ("--set", setting))]) == 2
    assert "silent in every sample" in capsys.readouterr().err


def test_samples_that_there_are_not_are_told_of(capsys):
    settings = ("dataset.num_train=4", "dataset.num_validation=3", "dataset.num_test=3")
    command = ["--samples", "9", "--entries", "4", *(word for setting in settings for word in ("--set", setting))]
    assert gradcheck.main(command) == 0
    assert (
        "of 9 requested samples, 4 are checked; left out: 5 that the training set does not have"
        in capsys.readouterr().out
    )


def test_a_silent_network_shows_nothing(capsys):
    settings = ("network.weights.input_hidden={mean = -1.0, std = 0.0}", "network.num_hidden=4")
    assert gradcheck.main([*SMALL, *(word for setting in settings for word in ("--set", setting))]) == 1
    assert "nothing was compared" in capsys.readouterr().out


def test_numbers_are_checked(capsys):
    with pytest.raises(SystemExit):
        gradcheck.main(["--seed", "-1"])
    assert "-1 is not allowed; it must be a whole number >= 0" in capsys.readouterr().err


def test_a_misspelt_setting_is_one_line(capsys):
    assert gradcheck.main([*SMALL, "--set", "loss.nam=sum"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    events = [(np.sort(rng.uniform(0, 40, 40)), rng.integers(0, 6, 40)) for _ in range(2)]
    batch = SpikeTrains.from_events(events, labels=[0, 1], num_units=6)
    weights = {"input_hidden": Normal(0.8, 0.4), "hidden_output": Normal(0.0, 0.5)}
    network = recurrent_classifier(6, 5, 2, weights=weights, loss_scale=3.0)
    with compile_network(network, batch_size=2, duration=40.0, precision="float64") as model:
        yield model, batch


def test_parameters_are_put_back(problem):
    model, batch = problem
    before = model.parameters
    check_gradients(model, batch, entries=4)
    for name, weights in model.parameters.items():
        np.testing.assert_array_equal(weights, before[name])


def test_what_is_off_meanwhile_is_put_back(problem):
    model, batch = problem
    model.set_value("regularisation.hidden.strength_upper", 0.5)
    assert list(list_non_gradients(model)) == ["regularisation.hidden.strength_upper"]
    check_gradients(model, batch, entries=4)
    assert model.values["regularisation.hidden.strength_upper"] == 0.5


@pytest.mark.parametrize(("noise", "agrees"), [(1e-15, True), (1e-6, False)])
def test_a_gradient_below_the_rounding_of_differences_is_not_called_wrong(problem, monkeypatch, noise, agrees):
    model, batch = problem
    still = np.zeros(model.parameters["hidden_output"].shape)
    model.set_parameters({"hidden_output": still})  # now no hidden spike matters, and all its differences are 0
    right = type(model).gradient

    def noisy(self, samples):
        result = right(self, samples)
        result.gradients["hidden_hidden"] += noise
        return result

    monkeypatch.setattr(type(model), "gradient", noisy)
    checks = {check.name: check for check in check_gradients(model, batch, entries=8)}
    assert checks["hidden_hidden"].norm == 0
    assert checks["hidden_hidden"].is_right(1e-5) is agrees
    row = next(line for line in gradcheck.format_table(list(checks.values())).splitlines() if "hidden_hidden" in line)
    assert row.split()[-3:] == ["-", "-", "-"]


def test_a_wrong_gradient_is_found(problem, monkeypatch):
    model, batch = problem
    assert all(check.relative_error < 1e-6 for check in check_gradients(model, batch, entries=8))
    right = type(model).gradient

    def wrong(self, samples):
        result = right(self, samples)
        result.gradients["hidden_hidden"] *= 1.001
        return result

    monkeypatch.setattr(type(model), "gradient", wrong)
    errors = {check.name: check.relative_error for check in check_gradients(model, batch, entries=8)}
    assert errors["hidden_hidden"] == pytest.approx(1e-3, rel=1e-2)
    assert errors["input_hidden"] < 1e-6


def test_differences_say_how_far_they_can_be_trusted(problem):
    model, batch = problem
    gradient = model.gradient(batch).gradients["input_hidden"].ravel()
    slopes, uncertainty = compute_extrapolated_differences(model, batch, "input_hidden", np.arange(gradient.size))
    assert np.all(np.abs(slopes - gradient)[np.isfinite(uncertainty)] < 1e-6 * np.linalg.norm(gradient))
    assert np.median(uncertainty) < 1e-7 * np.linalg.norm(gradient)
