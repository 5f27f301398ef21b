"""The page of a run says what its files say."""

import csv
import json
import shutil

import numpy as np
import pytest

from genn_shd.recording.file import Recorded
from genn_shd.reports import run_figures, runs
from genn_shd.runs.checkpoint import Checkpoint
from genn_shd.runs.evaluation_report import Operations
from genn_shd.runs.files import read_operations
from genn_shd.runs.folder import RunFolder
from genn_shd.system.files import write_text
from tests.reports.conftest import make_report
from tests.reports.pages import Reading, check_figures

pytestmark = pytest.mark.slow


def rows(folder):
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def copied(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("report"))


def test_the_page_needs_nothing_else(run_folder):
    page = Reading(run_folder / "report" / "report.html")
    assert all(address.startswith("data:") for address in page.addresses)
    assert "http" not in (run_folder / "report" / "report.html").read_text()


def test_history_is_that_of_the_run(run_folder):
    page = Reading(run_folder / "report" / "report.html")
    for name in ("epoch", "training_loss", "validation_accuracy", "test_accuracy", "seconds"):
        expected = [float(row[name]) for row in rows(run_folder)]
        assert [float(key) for key in page.keys("history", name.replace("_", " "))] == expected


def test_results_are_those_of_the_best_and_the_last_epoch(run_folder):
    (row,) = Reading(run_folder / "report" / "report.html").tables["trainings"]
    summary = json.loads((run_folder / "summary.json").read_text())
    assert (row["training"][0], row["status"][0], row["epochs"][1]) == ("a_run", "complete", "2")
    for epoch in ("best", "last"):
        accuracy = summary[epoch]["test_accuracy"]
        assert float(row[f"test accuracy, {epoch} epoch"][1]) == accuracy
        assert row[f"test accuracy, {epoch} epoch"][0] == f"{100 * accuracy:.2f} %"
    assert float(row["spikes per neuron"][1]) == summary["best"]["spikes_per_neuron"]


def test_figures_are_in_the_page_and_beside_it(run_folder):
    names = ["curves", "confusion_validation", "confusion_test", "raster_epoch_2_batch_1", "rates", "weights"]
    check_figures(run_folder / "report" / "report.html", names)
    assert "% of 30 correct" in Reading(run_folder / "report" / "report.html").text


def test_settings_and_environment_are_there(run_folder):
    page = Reading(run_folder / "report" / "report.html")
    settings, environment = page.mapping("settings"), page.mapping("environment")
    assert (settings["network.num_hidden"], settings["training.epochs"]) == ("[12]", "2")
    known = json.loads((run_folder / "environment.json").read_text())
    assert environment["packages.numpy"] == known["packages"]["numpy"]
    assert environment["model.compiler"] == known["model"]["compiler"]


def test_rates_are_spikes_by_time_and_samples(run_folder):
    recorded = Recorded.read(run_folder / "recordings" / "epoch_2_batch_1.h5")
    rates = run_figures.compute_rates(recorded)["hidden"]
    assert len(rates) == 12
    assert rates.sum() * 1e-3 * recorded.duration * len(recorded.labels) == pytest.approx(
        recorded.spikes["hidden"].num_spikes
    )
    assert recorded.spikes["hidden"].num_spikes > 0


def test_weights_drawn_are_those_of_the_best_epoch(run_folder):
    (training,) = runs.list_trainings(run_folder)
    for name, values in Checkpoint.read(run_folder / "best.npz").select_group("parameters").items():
        np.testing.assert_array_equal(training.read_weights()[name], values)
    figure = run_figures.draw_weights({"a": training.read_weights()}, "a")
    assert [sum(p.get_height() for p in axes.patches) for axes in figure.axes] == [
        values.size for values in training.read_weights().values()
    ]


def test_weights_that_differ_by_rounding_alone_are_drawn():
    alike = np.full(24, 0.1, np.float32)
    alike[::2] = np.nextafter(alike[0], np.float32(1))
    figure = run_figures.draw_weights({"a": {"hidden_output": alike}}, "a")
    assert sum(patch.get_height() for patch in figure.axes[0].patches) == 24


def test_seeds_are_reported_together(seeds_folder):
    path = seeds_folder / "report" / "report.html"
    page = Reading(path)
    check_figures(path, ["curves", "confusion_validation", "confusion_test", "weights"])
    assert [row["training"][0] for row in page.tables["trainings"]] == ["seed_0", "seed_1"]
    over_seeds = json.loads((seeds_folder / "summary.json").read_text())["over_seeds"]["test_accuracy_best"]
    assert [float(k) for k in page.keys("trainings", "test accuracy, best epoch")] == over_seeds["values"]
    assert f"{100 * over_seeds['mean']:.2f} ± {100 * over_seeds['std']:.2f} %" in page.text
    costs = [read_operations(seeds_folder / name / "evaluation.json")["test"] for name in ("seed_0", "seed_1")]
    assert str(Operations.pool(costs, [1, 1])) in page.text
    assert "% of 60 correct" in page.text  # both seeds' answers to 30 samples
    assert "No recordings; make one with python -m genn_shd.record" in page.text


def test_confusion_is_summed_over_trainings(seeds_folder):
    each = [json.loads((seeds_folder / f"seed_{i}" / "evaluation.json").read_text()) for i in (0, 1)]
    matrix, names = runs.sum_confusions(runs.list_trainings(seeds_folder))["test"]
    np.testing.assert_array_equal(matrix, sum(np.array(e["parts"]["test"]["confusion"]) for e in each))
    assert len(names) == 3


def test_folds_within_seeds_are_found_in_order(seeds_folder, tmp_path):
    for fold in (10, 9):
        shutil.copytree(seeds_folder / "seed_0", tmp_path / "seed_3" / f"fold_{fold}")
    (tmp_path / "seed_4").mkdir()  # not begun
    config = RunFolder(seeds_folder).read_config()
    folds = {"validation": {"kind": "leave_one_speaker_out"}, "training.seeds": 1}
    write_text(tmp_path / "config.toml", config.replace(**{"training.seeds": [4, 3]}).to_toml())
    write_text(tmp_path / "seed_3" / "config.toml", config.replace(**folds).to_toml())
    assert [t.label for t in runs.list_trainings(tmp_path)] == ["seed_3/fold_9", "seed_3/fold_10"]


def test_a_run_that_has_only_begun_is_reported(run_folder, tmp_path):
    shutil.copy(run_folder / "config.toml", tmp_path)
    page = Reading(make_report(tmp_path))
    assert page.tables["trainings"][0]["status"][0] == "under way"
    assert page.images == []
    assert "No epoch is complete yet" in page.text


def test_a_run_that_has_gone_on_since_its_summary_is_under_way(run_folder, tmp_path):
    folder = copied(run_folder, tmp_path)
    text = (folder / "history.csv").read_text()
    (folder / "history.csv").write_text(text + text.splitlines()[-1].replace("2,", "3,", 1) + "\n")
    (row,) = Reading(make_report(folder)).tables["trainings"]
    assert (row["status"][0], row["epochs"][0]) == ("under way", "3")


@pytest.mark.parametrize(("file", "missing"), [("best.npz", "weights"), ("recordings/epoch_2_batch_1.h5", "rates")])
def test_a_damaged_file_takes_its_own_part_only(run_folder, tmp_path, file, missing):
    folder = copied(run_folder, tmp_path)
    (folder / file).write_bytes(b"damaged")
    path = make_report(folder)
    page = Reading(path)
    assert not (path.parent / f"{missing}.png").exists()
    assert (path.parent / "curves.png").exists()
    assert str(folder / file) in page.text
    assert page.tables["trainings"][0]["test accuracy, best epoch"][1] != ""
