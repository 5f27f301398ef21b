"""Training that begins with the parameters of another run, and parameters that stay as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from genn_shd import Config, Dataset, SettingError
from genn_shd import run_training as train_resolved
from genn_shd.runs.folder import RunFolder
from genn_shd.runs.npz import read_arrays
from genn_shd.training.build import build_network
from genn_shd.training.callbacks.frozen_parameters import FrozenParameters
from genn_shd.training.data import resolve
from genn_shd.training.start import read_start
from tests.counting_model import CountingModel
from tests.training.test_repeats import DATASET

CONFIG = Config().replace(
    **{
        "network.num_hidden": 5,
        "network.heterogeneous": True,
        "network.output_trained": {"tau_mem": {"minimum": 5.0}},
        "network.weights.input_hidden": {"mean": 1.5, "std": 0.2},
        "training.epochs": 2,
        "training.batch_size": 8,
        "optimiser.learning_rate": 0.05,
        "optimiser.warm_up_start": 1.0,
        "simulation.num_threads": 1,
        "report.baseline": "none",
    }
)


def train(config: Config, path: Path, dataset: Dataset) -> None:
    train_resolved(resolve(config, dataset), dataset, path)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run to begin with."""
    path = tmp_path_factory.mktemp("first") / "run"
    train(CONFIG, path, dataset=DATASET)
    return path


def parameters_of(path: Path) -> dict[str, np.ndarray]:
    return RunFolder.open_existing(path).checkpoints.read("last").select_group("parameters")


def go_on(first: Path, path: Path, dataset: Dataset = DATASET, **changes: object) -> dict[str, np.ndarray]:
    train(CONFIG.replace(**{"training.start_from": str(first), **changes}), path, dataset=dataset)
    return parameters_of(path)


FROZEN = ("hidden_hidden", "output.tau_mem")


@pytest.mark.slow
def test_training_begins_with_the_parameters_of_the_run_and_some_stay(first: Path, tmp_path: Path) -> None:
    before = RunFolder.open_existing(first).checkpoints.read("best").select_group("parameters")
    after = go_on(first, tmp_path / "run", **{"training.frozen": FROZEN, "silent_neurons.weight_lift_all": 0.1})
    for name, start in before.items():
        assert np.array_equal(after[name], start) == (name in FROZEN), name
        np.testing.assert_array_equal(read_arrays(tmp_path / "run" / "start.npz")[name], start)


@pytest.mark.slow
def test_it_goes_on_without_the_other_run(first: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(first, source)
    go_on(source, tmp_path / "run")
    shutil.rmtree(source)
    stopped = go_on(source, tmp_path / "run", **{"training.epochs": 3})
    whole = go_on(first, tmp_path / "whole", **{"training.epochs": 3})
    assert all(np.array_equal(stopped[name], whole[name]) for name in whole)


@pytest.mark.slow
def test_each_seed_begins_with_the_training_of_its_own(first: Path, tmp_path: Path) -> None:
    seeds = {"training.seeds": (0, 3)}
    train(CONFIG.replace(**seeds), tmp_path / "source", dataset=DATASET)
    train(
        CONFIG.replace(**seeds, **{"training.start_from": str(tmp_path / "source")}), tmp_path / "run", dataset=DATASET
    )
    for seed in ("seed_0", "seed_3"):
        begun = read_arrays(tmp_path / "run" / seed / "start.npz")
        best = RunFolder.open_existing(tmp_path / "source" / seed).checkpoints.read("best").select_group("parameters")
        assert all(np.array_equal(begun[name], best[name]) for name in best)


@pytest.mark.parametrize(
    ("changes", "num_classes", "message"),
    [
        ({}, 3, r"hidden_output has shape \(5, 2\) there and \(5, 3\) here; set training.start_parameters to those"),
        ({"training.seed": 1}, 2, "hidden.tau_mem, which is not trained here, has another value there; use"),
        ({"network.output_trained": {}}, 2, "output.tau_mem, which is not trained here, has another value there"),
        ({"network.input_delays": 1}, 2, r"input_hidden has shape \(6, 5\) there and \(12, 5\) here"),
        ({"network.trained": {"tau_syn": {"minimum": 1.0}}}, 2, "hidden.tau_syn is not trained there; set train"),
        ({"training.start_parameters": ("input_hiden",)}, 2, "'input_hiden' is unknown.*Did you mean 'input_hid"),
        ({"network.output_tau_syn": 7.0}, 2, "output.tau_syn, which is not trained here"),
    ],
)
def test_a_run_that_does_not_fit_is_refused(
    first: Path, changes: dict[str, object], num_classes: int, message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        read(first, num_classes, **changes)


def read(first: Path, num_classes: int, **changes: object) -> dict[str, np.ndarray]:
    config = resolve(CONFIG.replace(**{"training.start_from": str(first), **changes}), DATASET)
    return read_start(config, build_network(config, 6, num_classes))


def test_constants_of_neurons_that_get_no_parameters_may_differ(first: Path) -> None:
    changes = {"network.output_tau_syn": 7.0, "training.start_parameters": ("input_hidden", "hidden_hidden")}
    assert list(read(first, 2, **changes)) == ["input_hidden", "hidden_hidden"]


def test_a_frozen_parameter_that_is_not_trained_is_refused() -> None:
    model = CountingModel(build_network(CONFIG, 6, 2))
    with pytest.raises(SettingError, match="training.frozen: 'hidden' is unknown; allowed: input_hidden, "):
        FrozenParameters(model, ["hidden"])


def test_parameters_without_a_run_are_refused() -> None:
    with pytest.raises(SettingError, match="is not allowed without training.start"):
        CONFIG.replace(**{"training.start_parameters": ("input_hidden",)})
