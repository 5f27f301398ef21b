"""The page of a sweep says what its state says."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from genn_shd import SweepReader
from genn_shd.reports import factors, response, sweep_figures
from genn_shd.reports.trials import Trials, shorten_names
from genn_shd.sweep import plan as plans
from genn_shd.sweep.records import COMPLETE, DIVERGED
from genn_shd.sweep.state import FILE_NAME, State
from tests.reports import runs_of_trials
from tests.reports.conftest import make_report, make_sweep
from tests.reports.pages import Reading, check_figures

pytestmark = pytest.mark.slow


def page_of(folder):
    return Reading(folder / "report" / "report.html")


def state(folder):
    with SweepReader(folder) as reader:
        return reader.read_trials(), reader.read_trial(reader.find_best().number)


@pytest.fixture
def under_way(tmp_path):
    """A state in which one trial is under way, and nothing has ended."""
    file = runs_of_trials.ablation()
    plan = plans.make_plan(file)
    with State(tmp_path / FILE_NAME) as to_fill:
        to_fill.describe(file=file.to_values())
        point = {"network.num_hidden": 32, "network.recurrent": True, "rate": "low"}
        to_fill.add_trial(point, "grid", [(0, None, "seed_0", plan.make_config(point, 0, None).to_values())])
    return tmp_path


def test_the_page_needs_nothing_else(search):
    assert all(address.startswith("data:") for address in page_of(search).addresses)


def test_the_table_of_trials_is_the_state(search):
    trials, _ = state(search)
    rows = page_of(search).tables["trials"]
    assert [row["trial"][1] for row in rows] == [str(t.number) for t in trials]
    for row, trial in zip(rows, trials, strict=True):
        assert row["status"][0] == trial.status
        assert row["validation accuracy"][1] == ("" if trial.objective is None else repr(trial.objective))
        assert row["learning rate"][1] == repr(trial.point["optimiser.learning_rate"])
        assert row["dropout"][1] == (repr(trial.point["network.dropout"]) if "network.dropout" in trial.point else "")
    complete = next(t for t in trials if t.status == COMPLETE)
    values = [run.get_metric("test_accuracy") for run in complete.runs]
    row = rows[complete.number - 1]
    assert float(row["test accuracy"][1]) == pytest.approx(np.mean(values))
    spread = np.std([run.get_metric("validation_accuracy") for run in complete.runs], ddof=1)
    assert row["validation accuracy"][0] == f"{100 * complete.objective:.2f} ± {100 * spread:.2f} %"


def test_the_best_trial_stands_on_top(search):
    _, best = state(search)
    page = page_of(search)
    assert float(page.mapping("best")["network.num_hidden"]) == best.point["network.num_hidden"]
    assert f"(trial {best.number})" in page.text
    assert page.keys("best-runs", "validation accuracy") == [
        repr(run.get_metric("validation_accuracy")) for run in best.runs
    ]


def test_published_figures_stand_beside_measured_ones(search):
    elsewhere, here = page_of(search).tables["published"]
    assert elsewhere["here"][0] == "not run"
    assert here["here"][0].endswith("(2 runs)")


def test_figures_are_in_the_page_and_beside_it(search, ablated):
    path = "report/report.html"
    check_figures(search / path, ["best_so_far", "factors", "importance", "slices"])
    check_figures(ablated / path, ["best_so_far", "ablation", "factors", "importance", "slices"])


def test_what_a_file_says_is_text_and_what_failed_is_in_every_caption(search, tmp_path):
    html = (search / "report" / "report.html").read_text()
    assert "A search &lt;over&gt; mixed parameters" in html and "<over>" not in html
    page = Reading(make_report(make_sweep(tmp_path, runs_of_trials.ablation("refusing_large_ones"))))
    errors = page.tables["errors"]
    assert {row["error"][0] for row in errors} == {"network.tau_mem <b>cannot</b> be that & more."}
    assert {row["status"][0] for row in errors} == {"failed"}
    assert [row["trial"][0] for row in errors] == ["9", "10", "11", "12"]
    assert len(page.images) > 2
    for caption, _ in page.images:
        assert caption.endswith("8 of 12 trials count; the others: 4 failed.")


def test_the_line_of_the_best_rises_to_the_best(search):
    of = Trials.read(search)
    figure = sweep_figures.draw_best_so_far(of)
    (line,) = figure.axes[0].lines
    assert (np.diff(line.get_ydata()) >= 0).all()
    assert line.get_ydata()[-1] == of.best.objective
    assert line.get_xdata()[-1] == len(of.all)
    drawn = {c.get_label(): len(c.get_offsets()) for c in figure.axes[0].collections}
    diverged = sum(t.status == DIVERGED for t in of.all)
    assert drawn == {"complete trial": len(of.complete), **({"failed trial": diverged} if diverged else {})}


def test_a_trial_beyond_a_limit_is_not_the_best(search):
    of = Trials.read(search)
    limit = {"spikes_per_neuron": 10.0}
    beyond = replace(of.best, limited={"spikes_per_neuron": 20.0})
    others = [replace(t, limited={"spikes_per_neuron": 5.0}) for t in of.all if t.number != of.best.number]
    limited = replace(of, objective=replace(of.objective, at_most=limit), all=[*others, beyond])
    assert limited.best.number != of.best.number
    assert limited.best.objective <= of.best.objective


def test_importance_tells_what_matters(search):
    found = response.fit_response(Trials.read(search))
    names = list(found.importance)
    assert names[0] == "optimiser.learning_rate"
    assert names[-1] == "network.dropout" and found.importance["network.dropout"] < 0.05
    assert [s.parameter.name for s in found.slices] == names
    shown = page_of(search).mapping("importance")
    assert {name: float(text) for name, text in shown.items()} == pytest.approx(found.importance, rel=1e-3, abs=1e-6)


def test_names_are_as_short_as_tells_them_apart():
    names = ["network.weights.input_hidden.mean", "network.weights.hidden_output.mean", "network.tau_mem", "loss"]
    assert list(shorten_names(names).values()) == ["input hidden.mean", "hidden output.mean", "tau mem", "loss"]


def test_a_slice_is_the_surrogate_through_the_best_trial(search):
    of = Trials.read(search)
    along = next(s for s in response.fit_response(of).slices if s.parameter.name == "optimiser.learning_rate")
    assert (along.std > 0).all()
    near = np.argmin(np.abs(np.log(np.array(along.values) / of.best.point["optimiser.learning_rate"])))
    assert along.mean[near] == pytest.approx(of.best.objective, abs=0.03)
    assert along.mean[0] < along.mean[near] - 0.05 > along.mean[-1] - 0.05


class Sum:
    """A function of two parameters whose indices are known: Var(4 x + y) = (16 + 1) / 12, and z does nothing."""

    def predict(self, points):
        values = np.array([4 * p["x"] + p["y"] for p in points])
        return values, np.zeros_like(values)


def test_total_effects_are_parts_of_the_variance():
    from genn_shd.sweep.space import RealRange, Space

    space = Space(tuple(RealRange(name, {}, {}, 0.0, 1.0, False, None) for name in "xyz"))
    found = response.estimate_total_effects(Sum(), space, ["x", "y", "z"], np.random.default_rng(0))
    assert found["x"] == pytest.approx(16 / 17, abs=0.08)
    assert found["y"] == pytest.approx(1 / 17, abs=0.01)
    assert found["z"] == 0.0


def test_levels_are_means_over_the_trials_that_have_them(ablated):
    of = Trials.read(ablated)
    levels = factors.list_factors(of)
    assert list(levels) == ["network.num_hidden", "network.recurrent", "rate"]
    for name, these in levels.items():
        for level in these:
            values = [t.objective for t in of.all if t.point[name] == level.value]
            assert (level.trials, level.mean) == (len(values), pytest.approx(np.mean(values)))
            assert level.spread == pytest.approx(np.std(values, ddof=1))
            assert level.best.objective == max(values)
    assert [level.value for level in levels["network.num_hidden"]] == [16, 32, 64]


def test_an_ablation_changes_one_factor_of_the_best_trial(ablated):
    of = Trials.read(ablated)
    assert of.best.point == {"network.num_hidden": 64, "network.recurrent": True, "rate": "right"}
    for name, trials in factors.find_ablation(of).items():
        assert of.best.number in [t.number for t in trials]
        for trial in trials:
            assert {**trial.point, name: None} == {**of.best.point, name: None}
    figure = sweep_figures.draw_ablation(factors.find_ablation(of), of)
    heights = [p.get_height() for p in figure.axes[0].patches]
    assert heights == [t.objective for t in factors.find_ablation(of)["network.num_hidden"]]


def test_a_sweep_in_which_nothing_has_ended_is_reported(under_way):
    page = Reading(make_report(under_way))
    assert page.images == []
    assert "1: 1 running" in page.text
    assert "No trial is complete yet" in page.text
    assert page.tables["trials"][0]["runs"][0] == "0 of 1"


def test_trials_that_do_not_count_are_told_of_by_what_became_of_them(search):
    of = Trials.read(search)
    last = of.all[-1]
    under_way = replace(last, status="running", objective=None)
    file = of.file.model_copy(update={"budget": of.file.budget.model_copy(update={"trials": len(of.all) + 3})})
    some = replace(of, file=file, all=[*of.all[:-1], under_way])
    assert some.missing.startswith(f"{len(some.complete)} of {len(of.all) + 3} trials count; the others: ")
    assert "1 under way" in some.missing and "3 not begun" in some.missing
    assert replace(of, all=of.complete, file=file).missing.count("not begun") == 1


def test_without_the_optimiser_all_else_is_reported(ablated, monkeypatch, tmp_path):
    from genn_shd import report

    monkeypatch.setitem(sys.modules, "bayes_opt", None)
    monkeypatch.delitem(sys.modules, "genn_shd.sweep.surrogate", raising=False)
    monkeypatch.delattr("genn_shd.sweep.surrogate", raising=False)
    assert report.main([str(ablated), "--out", str(tmp_path)]) == 0
    page = Reading(tmp_path / "report.html")
    assert "pip install 'genn_shd[sweep]'" in page.text
    assert len(page.images) == 3


def test_more_trials_than_a_fit_takes_seconds_for_are_thinned(search, monkeypatch):
    monkeypatch.setattr(response, "_MOST", 10)
    found = response.fit_response(of := Trials.read(search))
    assert (found.known, found.left_out) == (10, len(of.all) - 10)


def test_the_sweep_file_is_there(search):
    shown = page_of(search).mapping("file")
    assert json.loads(shown["budget.trials"]) == 14
    assert shown["strategy.name"] == "bayesian"
