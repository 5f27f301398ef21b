"""Results of evaluations: their form on disk, whose keys and their order are those of earlier versions."""

from __future__ import annotations

import json

import numpy as np

from genn_shd.runs.evaluation_report import EvaluationReport, GroupReport, Operations, PooledReport, RunReport
from genn_shd.runs.files import read_confusions
from genn_shd.runs.folder import RunFolder
from genn_shd.runs.paths import RunPaths
from genn_shd.runs.result_files import ResultFiles

COST = Operations(10.0, 6.0, 100.0, 9e-5, 4000.0, 0.0184)
TEST = EvaluationReport(3, 2 / 3, 0.5, 1.5, COST, {"yin": GroupReport(2, 1, 0.5)}, {}, [[1, 1], [0, 1]])
PART = {
    "samples": 3,
    "accuracy": 2 / 3,
    "loss": 0.5,
    "spikes_per_neuron": 1.5,
    "operations": {
        "input_spikes": 10.0,
        "hidden_spikes": 6.0,
        "synaptic_operations": 100.0,
        "microjoules": 9e-5,
        "dense_multiply_adds": 4000.0,
        "dense_microjoules": 0.0184,
    },
    "by_class": {"yin": {"samples": 2, "correct": 1, "accuracy": 0.5}},
    "by_speaker": {},
    "confusion": [[1, 1], [0, 1]],
    "copies": 0,
}


def written(tmp_path, report):
    ResultFiles(RunPaths(tmp_path)).write_evaluation(report)
    return (tmp_path / "evaluation.json").read_text(encoding="utf-8")


def as_json(content):
    return json.dumps(content, indent=2) + "\n"


def test_a_run_is_written_with_its_epoch_and_file(tmp_path):
    report = RunReport("run", "last", 7, "/data/other.h5", {"run": "7 of 9 epochs, interrupted"}, {"test": TEST})
    assert written(tmp_path, report) == as_json(
        {
            "run": "run",
            "checkpoint": "last",
            "epoch": 7,
            "data": "/data/other.h5",
            "incomplete": {"run": "7 of 9 epochs, interrupted"},
            "parts": {"test": PART},
        }
    )
    own = RunReport("run", "best", 7, None, {}, {})
    assert json.loads(written(tmp_path, own))["data"] is None


def test_several_trainings_are_written_with_their_folders(tmp_path):
    seeds = PooledReport("run", "best", ["seed_0"], None, {}, {"test": TEST})
    folds = PooledReport("run", "best", None, ["fold_3"], {}, {"test": TEST})
    end = {"incomplete": {}, "parts": {"test": PART}}
    assert written(tmp_path, seeds) == as_json({"run": "run", "checkpoint": "best", "seeds": ["seed_0"], **end})
    assert written(tmp_path, folds) == as_json({"run": "run", "checkpoint": "best", "folds": ["fold_3"], **end})


def test_files_of_earlier_versions_are_read(tmp_path):
    """They did not say what is incomplete, nor the loss."""
    old = {"run": "run", "parts": {"test": {"samples": 3, "accuracy": 2 / 3, "confusion": [[1, 1], [0, 1]]}}}
    file = RunFolder(tmp_path).evaluation_file
    file.write_text(json.dumps(old))
    np.testing.assert_array_equal(read_confusions(file)["test"], [[1, 1], [0, 1]])
