"""The comparison with other programs: its work travels whole, is judged rightly, and goes on where it stopped."""

from __future__ import annotations

import ast
import math
from dataclasses import fields, replace

import numpy as np
import pytest

from benchmarks.peers import __main__ as peers
from benchmarks.peers.environments import NotInstalled, find_python
from benchmarks.peers.programs import PROGRAMS, Program
from benchmarks.peers.running import Limits, Results, Run, measure
from benchmarks.peers.tables import LEARNED, draw, format_learning, format_rows
from benchmarks.peers.truth import compare, find_truth
from benchmarks.peers.work import Batch, Work
from benchmarks.peers.works import make_words
from benchmarks.report import ROOT

LIMITS = Limits(timing=0.01, learning=0.1, process=60.0)
ADAPTERS = ROOT / "benchmarks" / "peers" / "adapters"


def small_work(kind: str = "classifier") -> Work:
    rng = np.random.default_rng(0)
    weights = {
        "input_hidden": rng.normal(0.3, 0.3, (700, 6)).astype(np.float32),
        "hidden_hidden": rng.normal(0.0, 0.1, (6, 6)).astype(np.float32),
        "hidden_output": rng.normal(0.3, 0.3, (6, 20)).astype(np.float32),
    }
    batch = make_words(60, 100.0).select(2)
    return Work("small", kind, (700, 6, 20), 1.0, 100.0, updates=9, weights=weights, training=batch, speech=batch)


def test_a_work_is_the_same_after_it_was_written_and_read(tmp_path):
    work = small_work()
    work.save(tmp_path / "work.npz")
    again = Work.load(tmp_path / "work.npz")
    for name in (f.name for f in fields(Work) if f.name not in ("weights", "training", "speech")):
        assert getattr(again, name) == getattr(work, name), name
    assert again.weights.keys() == work.weights.keys()
    for name, value in work.weights.items():
        np.testing.assert_array_equal(again.weights[name], value)
    for name, value in vars(work.speech).items():
        np.testing.assert_array_equal(getattr(again.speech, name), value)
    replace(work, speech=None).save(tmp_path / "without.npz")
    assert Work.load(tmp_path / "without.npz").speech is None


def test_spikes_are_counted_in_steps_by_sample_and_channel():
    batch = Batch(np.array([0.0, 0.5, 3.9, 9.0]), np.array([1, 1, 0, 1]), np.array([0, 2, 4]), np.array([0, 1]))
    counts = batch.count_spikes(4, 2, 1.0)
    expected = np.zeros((4, 2, 2))
    expected[0, 0, 1], expected[3, 1, 0] = 2, 1
    np.testing.assert_array_equal(counts, expected)


def test_a_gradient_is_compared_by_its_length_and_its_direction():
    truth = {"a": np.array([3.0, 4.0]), "b": np.array([1.0, 0.0])}
    found = compare({"a": 2 * truth["a"], "b": np.array([0.0, 1.0])}, truth)
    assert found["a"] == pytest.approx((1.0, 0.0), abs=1e-6)
    assert found["b"] == pytest.approx((math.sqrt(2), 90.0))
    assert compare({}, {"b": truth["b"]})["b"] == (1.0, 90.0)
    assert math.isnan(compare({"b": np.array([math.nan, 0.0])}, {"b": truth["b"]})["b"][0])


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "is_exact"), [("exact64", True), ("grid", False)])
def test_the_exact_scheme_has_the_gradient_of_the_event_driven_solver_and_the_grid_has_not(tmp_path, variant, is_exact):
    programs = {p.variant: p for p in PROGRAMS if p.adapter == "native"}
    row = measure(Run(programs[variant], "small", 1), small_work(), tmp_path / "runs", tmp_path, LIMITS)
    assert "not_run" not in row, row
    assert (row["gradient_error"] < 1e-3) == is_exact
    assert row["truth"] == "event-driven solver"
    assert row["ms_per_trial"] > 0 and len(row["losses"]) > 1


def test_the_truth_is_kept_and_depends_on_the_delay(tmp_path):
    late, at_once = (find_truth(small_work(), delay, tmp_path)["hidden_hidden"] for delay in (1.0, 0.0))
    assert np.abs(late - at_once).max() > 0
    assert len(list(tmp_path.glob("*.npz"))) == 2
    np.testing.assert_array_equal(find_truth(small_work(), 1.0, tmp_path)["hidden_hidden"], late)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_a_program_that_fails_is_a_row_that_says_why(tmp_path):
    missing = Program("missing", "native", differs={"classifier": ""}, module="no_such_module")
    row = measure(Run(missing, "small", 1), small_work(), tmp_path / "runs", tmp_path, LIMITS)
    assert row["not_run"] == "no_such_module is not installed"
    wrong = replace(missing, module="numpy", variant="no_such_variant")
    row = measure(Run(wrong, "small", 1), small_work(), tmp_path / "runs", tmp_path, LIMITS)
    assert row["not_run"] == "KeyError: 'no_such_variant'"
    with pytest.raises(NotInstalled, match="could not be installed: TimeoutExpired"):
        find_python(Program("wrong", "wrong", ("nothing",)), tmp_path, 0.01)


def test_rows_are_kept_after_each_and_a_later_start_goes_on(tmp_path, monkeypatch, capsys):
    started = []

    def run(run, *_):
        started.append(run.key)
        return {"work": run.work, "program": run.program.name, "cores": run.cores, "differs": "", "not_run": "a test"}

    monkeypatch.setattr(peers, "measure", run)
    options = ["--smoke", "--env-dir", str(tmp_path), "--out", str(tmp_path), "--data", str(tmp_path)]
    peers.main([*options, "--program", "genn_shd, grid"])
    first = list(started)
    peers.main(options)
    assert first and len(started) == len(set(started)) > len(first)
    assert set(Results(tmp_path / "smoke" / "rows.json").rows) == set(started)
    assert "not run" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="there is no 'nothing'"):
        peers.main([*options, "--work", "nothing"])


def test_the_table_says_what_differs_and_whether_a_program_learned():
    row = {"work": "w", "program": "p", "cores": 1, "differs": "everything", "losses": [2.0, 1.0]}
    row |= {"ms_per_trial": 1.0, "cpu_ms_per_trial": 1.0, "seconds_to_compile": 1.0, "peak_mib": 1.0, "batch_size": 32}
    row |= {"gradient_error": 0.1, "gradient_degrees": 5.0}
    columns, cells = format_rows([row, {**row, "program": "q", "not_run": "why"}], [1, 2])
    assert [len(line) for line in cells] == [len(columns)] * 2
    assert cells[0][-1] == "everything" and cells[1][1] == "not run" and "why" in cells[1][-1]
    assert format_learning(row) == "2.00 in 2"
    assert format_learning({"losses": [LEARNED, 1.1]}).endswith("no")
    assert len(draw([row]).axes[0].lines) == 3


def test_every_program_has_an_adapter_that_imports_its_own_package_only():
    for program in PROGRAMS:
        tree = ast.parse((ADAPTERS / f"{program.adapter}.py").read_text(encoding="utf-8"))
        names = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
        methods = {
            f.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for f in node.body if hasattr(f, "name")
        }
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert "Adapter" in names, program.name
        shared = "benchmarks.peers.adapters.torch_training" in modules
        assert shared or {"pack", "train_batch"} <= methods, program.name
        assert not program.packages or not any(m.startswith("genn_shd") for m in modules), program.name
