"""From a sweep file to runs: configurations, folds, and everything that is refused before anything starts."""

import h5py
import numpy as np
import pytest

from genn_shd import SettingError, prepare_data
from genn_shd.sweep import plan as plans
from genn_shd.sweep.objective import EPOCH_METRICS, Objective
from tests.sweep.cheap import sweep

TRAINING = {"function": plans.TRAINING}
SMALL = {"dataset.num_train": 30, "dataset.num_validation": 9, "dataset.num_test": 9}


def test_a_run_has_the_settings_of_preset_file_point_and_repeat():
    plan = plans.make_plan(sweep(settings={"training.batch_size": 8}, repeats={"seeds": [3, 4]}))
    runs = plan.make_runs({"optimiser.learning_rate": 0.01, "network.tau_mem": 12.0})
    assert [(run.seed, run.fold, run.name) for run in runs] == [(3, None, "seed_3"), (4, None, "seed_4")]
    for run in runs:
        assert run.settings["training"]["seed"] == run.seed
        assert run.settings["training"]["batch_size"] == 8
        assert run.settings["network"]["tau_mem"] == 12.0
        assert run.settings["loss"]["loss_scale"] == 10.0  # the preset's


def test_a_trial_that_changes_the_loss_keeps_nothing_of_the_other_one():
    space = {"loss": {"cases": {"a": {"loss.name": "max"}, "b": {"loss.name": "sum", "loss.loss_scale": 3.0}}}}
    plan = plans.make_plan(sweep(space=space))
    scales = [plan.make_runs({"loss": case})[0].settings["loss"] for case in ("a", "b")]
    assert scales == [{"name": "max", "loss_scale": 1.0}, {"name": "sum", "loss_scale": 3.0}]


def test_folds_leave_out_one_speaker_each(spoken):
    plan = plans.make_plan(sweep(**spoken, repeats={"folds": "speakers", "seeds": [0, 1]}))
    runs = plan.make_runs({"optimiser.learning_rate": 0.01, "network.tau_mem": 12.0})
    assert [run.name for run in runs[:3]] == ["seed_0_fold_0", "seed_0_fold_1", "seed_0_fold_2"]
    assert len(runs) == 6
    assert {run.settings["training"]["monitor"] for run in runs} == {"training"}  # the speaker left out chooses nothing
    assert runs[4].settings["validation"] == {"kind": "speaker", "speakers": ["1"]}
    chosen = plans.make_plan(sweep(**spoken, repeats={"folds": [2, 0]}))
    assert chosen.folds == ("2", "0")
    with pytest.raises(SettingError, match="training.seed is .* repeats.seeds"):
        plans.make_plan(sweep(settings={"training.seed": 3}))
    with pytest.raises(SettingError, match="repeats.folds: 7 is no speaker of the training set; there are 0, 1, 2"):
        plans.make_plan(sweep(**spoken, repeats={"folds": [7]}))


@pytest.fixture
def spoken(tmp_path):
    """Settings of a data set with three speakers."""
    path = tmp_path / "spoken.h5"
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", (6,), h5py.vlen_dtype(np.float32))
        units = file.create_dataset("spikes/units", (6,), h5py.vlen_dtype(np.uint16))
        for k in range(6):
            times[k], units[k] = np.array([0.01, 0.02]), np.array([1, 2])
        file["labels"] = np.array([0, 1, 0, 1, 0, 1], np.uint8)
        file["extra/speaker"] = np.array([0, 0, 1, 1, 2, 2], np.uint8)
    settings = {"dataset.name": "hdf5", "dataset.path": str(path), "validation.kind": "leave_one_speaker_out"}
    return {"preset": None, "settings": settings}


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"preset": "yinyang"}, "preset 'yinyang' is unknown"),
        ({"settings": {"training.epoch": 3}}, "training.epoch is unknown"),
        ({"space": {"network.tau_mem": {"float": [-1.0, 3.0]}}}, "network.tau_mem = -1.0 is not allowed: .* > 0"),
        ({"space": {"loss.name": {"choice": ["sum", "summ"]}}}, "loss.name = 'summ' is not allowed"),
        ({"space": {"network.tau_mem": {"float": [1.0, 3.0]}}, "strategy": {"name": "grid"}}, "give points"),
        (
            {"strategy": {"name": "list", "points": [{"network.tau_mem": 5.0}]}},
            "entry 1: optimiser.learning_rate is",
        ),
        ({"budget": {}}, "strategy.name = 'random' never ends; set budget.trials or budget.hours"),
        ({"function": "tests.sweep.cheap:quik"}, "function 'tests.sweep.cheap:quik': tests.sweep.cheap has no 'quik'"),
        ({"function": "tests.sweep.cheap"}, "write module:function"),
        ({**TRAINING, "objective": {"metric": "validation_acuracy"}}, "no run reports .* Did you mean 'validation_acc"),
        ({**TRAINING, "objective": {"metric": "test_accuracy"}}, "the test set must not choose"),
        ({**TRAINING, "objective": {"metric": "training_loss", "at_most": {"spikes": 3.0}}}, "no run reports 'spikes'"),
        (
            {**TRAINING, "settings": {**SMALL, "validation.kind": "none"}},
            "no run reports 'validation_accuracy' with validation.kind = 'none'",
        ),
        (
            {**TRAINING, "space": {"network.weights.input_hiden.mean": {"float": [0.0, 1.0]}}},
            "network.weights.input_hiden.std is not set",
        ),
        (
            {**TRAINING, "space": {"network.weights.input_hiden": {"choice": [{"mean": 0.1, "std": 0.1}]}}},
            "connection 'input_hiden' is unknown",
        ),
        ({"repeats": {"folds": "speakers"}}, "repeats.folds = 'speakers' is not allowed: .* has no speakers"),
        ({"settings": {"validation.kind": "leave_one_speaker_out"}}, "set repeats.folds = 'speakers'"),
        ({"settings": {"training.seeds": 3}}, "set repeats.seeds"),
        (
            {**TRAINING, "objective": {"metric": "seconds_per_epoch"}, "stopping": {"rule": "median"}},
            "stopping.rule = 'median' is not allowed: .* a metric of a whole run",
        ),
    ],
)
def test_everything_that_cannot_be_is_refused_before_anything_starts(tables, message):
    with pytest.raises(SettingError, match=message) as caught:
        plans.make_plan(sweep(**tables))
    assert "\n" not in str(caught.value)


def test_every_point_of_a_list_is_checked_and_of_a_space_the_ends():
    points = [{"optimiser.learning_rate": 0.1, "network.tau_mem": 5.0}, {"optimiser.learning_rate": 0.1}]
    with pytest.raises(SettingError, match="entry 2: network.tau_mem is missing"):
        plans.make_plan(sweep(strategy={"name": "list", "points": points}))
    conditional = {
        "loss.name": {"choice": ["sum", "first_spike_exp"]},
        "loss.tau_0": {"float": [-5.0, 1.0], "when": {"loss.name": "first_spike_exp"}},
    }
    with pytest.raises(SettingError, match="loss.tau_0 = -5.0 is not allowed"):
        plans.make_plan(sweep(space=conditional))


def test_checks_of_many_points_say_nothing_about_the_data(caplog):
    space = {"simulation.duration": {"float": [20.0, 25.0]}}
    with caplog.at_level("INFO", logger="genn_shd"):
        plan = plans.make_plan(sweep(**TRAINING, settings=SMALL, space=space))
        assert "are cropped" not in caplog.text
        prepare_data(plan.make_config({"simulation.duration": 20.0}, 0, None))
        assert "are cropped" in caplog.text


def test_the_value_of_a_trial_is_the_mean_over_its_runs():
    objective = Objective("validation_accuracy", "last", {"spikes_per_neuron": 10.0})
    runs = [
        {"best": {"validation_accuracy": 1.0}, "last": {"validation_accuracy": a, "spikes_per_neuron": s}}
        for a, s in ((0.5, 8.0), (0.7, 14.0))
    ]
    value = objective.evaluate_trial(runs)
    assert (value.objective, value.limited) == (pytest.approx(0.6), {"spikes_per_neuron": 11.0})
    assert not objective.is_within_limits(value.limited)
    assert objective.is_within_limits({"spikes_per_neuron": 10.0})
    runs[1]["last"]["validation_accuracy"] = float("nan")
    assert objective.evaluate_trial(runs) is None
    assert objective.evaluate_trial([]) is None


def test_losses_and_seconds_are_minimised():
    assert Objective("validation_accuracy", "best", {}).sign == 1.0
    assert Objective("validation_loss", "best", {}).sign == -1.0
    seconds = Objective("seconds_per_epoch", "best", {})
    assert (seconds.sign, seconds.evaluate_run({"best": {}, "run": {"seconds_per_epoch": 2.0}})) == (-1.0, 2.0)
    assert "validation_loss" in EPOCH_METRICS
