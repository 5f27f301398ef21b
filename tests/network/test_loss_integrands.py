"""Losses from their integrand, and losses from modules of one's own."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import (
    Config,
    Normal,
    Parameter,
    SettingError,
    SpikeTrains,
    check_gradients,
    compile_network,
    density_loss,
    load_config,
    logit_loss,
)
from genn_shd.models import recurrent_classifier
from genn_shd.network.expressions import parse, to_code
from genn_shd.training.build import build_network
from tests import custom_losses

CUSTOM = ("squared_error", "late_hinge", "soft_count", "by_snippets")
DURATION = 60.0


def _network(loss):
    weights = {"input_hidden": Normal(0.8, 0.5), "hidden_hidden": Normal(0, 0.3), "hidden_output": Normal(0.3, 0.5)}
    return recurrent_classifier(8, 6, 3, loss=loss, loss_scale=2.0, weights=weights)


def _batch(labels=(0, 1, 2)) -> SpikeTrains:
    rng = np.random.default_rng(1)
    events = [(np.sort(rng.uniform(0, DURATION, 60)), rng.integers(0, 8, 60)) for _ in labels]
    return SpikeTrains.from_events(events, labels=labels, num_units=8)


def _compile(loss, **changes):
    settings = {"batch_size": 4, "duration": DURATION, "precision": "float64", "num_threads": 1, "seed": 3}
    return compile_network(_network(loss), **(settings | changes))


@pytest.mark.slow
@pytest.mark.parametrize("name", CUSTOM)
def test_gradients_are_those_of_finite_differences(name):
    with _compile(getattr(custom_losses, name)) as model:
        for check in check_gradients(model, _batch(), entries=12):
            assert check.norm > 0 and check.checked > 5
            assert check.relative_error < 1e-6, check.name


@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_training_leaves_nothing_but_the_parameters(scheme):
    """An integrand whose derivative is not 0 at V = 0, where outputs would be that only fill up a vector."""
    loss = density_loss("off zero", "(V - 0.3)**2")
    with _compile(loss, scheme=scheme) as trained, _compile(loss, scheme=scheme) as fresh:
        for _ in range(10):
            trained.train_batch(_batch())
        fresh.set_parameters(trained.parameters)
        ours, theirs = trained.gradient(_batch()).gradients, fresh.gradient(_batch()).gradients
    for name, gradient in theirs.items():
        assert np.linalg.norm(gradient) > 0
        np.testing.assert_array_equal(ours[name], gradient)


@pytest.mark.slow
def test_the_loss_is_its_integral():
    """The integrand of the voltages, which a loss with the voltage as its integrand reads off step by step."""
    seen = []
    for step in range(60):
        window = f"weight * V * {DURATION}"
        loss = logit_loss("one step", window, {"at": Parameter(step)}, weight="fmax(0, 1 - fabs(t - 0.5 - at) * 4)")
        with _compile(loss) as model:
            seen.append(model.evaluate_batch(_batch()).logits)
    voltages = np.array(seen)  # (steps, samples, outputs)
    with _compile(custom_losses.squared_error) as model:
        result = model.evaluate_batch(_batch())
    expected = 2.0 * ((voltages - 0.5 * np.eye(3)) ** 2).mean(axis=0).sum(axis=1)
    np.testing.assert_allclose(result.losses, expected, rtol=1e-9)
    np.testing.assert_allclose(result.logits, voltages.mean(axis=0), rtol=1e-9)


def test_a_sample_without_a_label_has_no_loss_but_a_prediction():
    with _compile(custom_losses.squared_error) as model:
        result = model.evaluate_batch(_batch((0, -1)))
    assert np.isfinite(result.losses[0]) and np.isnan(result.losses[1])
    assert np.all(np.isfinite(result.logits))


def test_settings_find_a_loss_by_its_import_path():
    config = load_config(settings=["loss=tests.custom_losses:squared_error", "loss.parameters.target=0.8"])
    network = build_network(config, 8, 3)
    assert network.loss == custom_losses.squared_error
    assert network.loss_values == {"loss_scale": 1.0, "target": 0.8}
    assert Config.from_values(config.to_values()) == config
    assert (
        load_config(settings=["loss.name=tests.custom_losses:late_hinge"]).loss.definition == custom_losses.late_hinge
    )
    assert _network("tests.custom_losses:late_hinge").loss == custom_losses.late_hinge


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["loss=nowhere_at_all:x"], ["'nowhere_at_all' cannot be imported", "no such module"]),
        (["loss=tests.custom_losses:squared_eror"], ["has no 'squared_eror'", "Did you mean 'squared_error'"]),
        (["loss=tests.custom_losses:no_loss"], ["is int, no LossModel", "density_loss"]),
        (["loss=tests.custom_losses:squared_error", "loss.parameters.goal=1"], ["'goal' is unknown", "target"]),
        (["loss=tests.custom_losses:squared_error", "loss.loss_scale=0"], ["loss.loss_scale = 0", "a number > 0"]),
    ],
)
def test_mistakes_are_told_in_one_line(settings, words):
    with pytest.raises(SettingError) as error:
        load_config(settings=settings)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_constants_are_in_the_snippet_language():
    """C's macros are not: GeNN knows none."""
    text = to_code(parse("sqrt(2) * x + exp(1) * y + log(2) * log(10) + x / sqrt(2)", ["x", "y"]))
    assert "M_" not in text and "const" not in text
    assert eval(text, {"sqrt": np.sqrt, "log": np.log, "x": 1.0, "y": 2.0}) == pytest.approx(
        1.5 * np.sqrt(2) + 2 * np.e + np.log(2) * np.log(10)
    )


def test_integrands_that_cannot_be_are_refused():
    with pytest.raises(SettingError, match="does not depend on V"):
        density_loss("constant", "is_label * t / T")
    with pytest.raises(SettingError, match="unknown name 'is_label'"):
        logit_loss("tells", "V * is_label")
    with pytest.raises(SettingError, match="unknown name 'weight'"):
        density_loss("no weight", "weight * V")
    with pytest.raises(SettingError, match="'weight' cannot name"):
        density_loss("clash", "V * weight", {"weight": Parameter(1.0)})


def test_parameters_may_have_names_that_generated_code_uses():
    def evaluate(one, other):
        definition = density_loss("own", f"{one} * V * V + {other} * V", {one: Parameter(0.7), other: Parameter(0.2)})
        with _compile(definition) as model:
            return model.gradient(_batch())

    nasty, plain = evaluate("batch", "tape"), evaluate("pull", "push")
    assert nasty.loss == plain.loss != 0
    for name, gradient in plain.gradients.items():
        np.testing.assert_array_equal(nasty.gradients[name], gradient)
