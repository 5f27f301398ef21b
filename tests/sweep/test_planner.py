"""The loop: trials chosen, runs given out, what comes back recorded and decided on. One worker, in this process."""

import re

import pytest

from genn_shd import GennShdError, SettingError, SweepReader
from genn_shd.sweep import plan as plans
from genn_shd.sweep.command import run
from genn_shd.sweep.records import COMPLETE, DIVERGED, FAILED, SKIPPED, STOPPED, WAITING
from genn_shd.sweep.state import FILE_NAME, State
from genn_shd.sweep.status import format_status
from genn_shd.sweep.workers.base import Ended, Lost, Workers
from genn_shd.sweep.workers.in_process import InProcess
from genn_shd.system import progress
from genn_shd.system.interrupt import Interrupted, StopRequest
from tests.sweep.cheap import executed, sweep, value

STOP = StopRequest()


def go(folder, function="quick", stop=None, retry_failed=False, **tables):
    run(plans.make_plan(sweep(function, **tables)), folder, InProcess, stop or StopRequest(), retry_failed)
    return read(folder)


def read(folder):
    with SweepReader(folder) as reader:
        return reader.read_trials(epochs=True), reader.count_runs(), reader.find_best()


def test_every_trial_is_run_once_and_valued(tmp_path):
    trials, counts, best = go(tmp_path, repeats={"seeds": [0, 1]})
    assert [trial.status for trial in trials] == [COMPLETE] * 6
    assert sorted(executed(tmp_path)) == sorted(run.folder for trial in trials for run in trial.runs)
    assert (counts.started, counts.finished, counts.retried, counts.duplicated) == (12, 12, 0, 0)
    plan = plans.make_plan(sweep())
    for trial in trials:
        assert trial.objective == pytest.approx(value(plan.make_config(trial.point, 0, None)))
    assert best.objective == max(trial.objective for trial in trials)


def test_a_budget_that_is_raised_goes_on_and_repeats_nothing(tmp_path):
    first, _, _ = go(tmp_path, budget={"trials": 3})
    trials, counts, _ = go(tmp_path, budget={"trials": 5})
    assert [t.point for t in trials[:3]] == [t.point for t in first]
    assert len(trials) == counts.started == len(executed(tmp_path)) == 5


@pytest.mark.slow
def test_time_ends_a_sweep_after_what_was_started(tmp_path):
    trials, counts, _ = go(tmp_path, "slow", budget={"hours": 0.3 / 3600}, settings={"training.epochs": 10})
    assert 1 <= len(trials) <= 3  # 0.2 s each
    assert counts.open == 0
    again, _, _ = go(tmp_path, "slow", budget={"hours": 0.3 / 3600}, settings={"training.epochs": 10})
    assert len(again) == len(trials)


@pytest.mark.slow
def test_where_a_sweep_is_is_said_again_and_again(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 0.02)
    caplog.set_level("INFO", "genn_shd")
    go(tmp_path, "slow", budget={"trials": 3}, settings={"training.epochs": 10})
    assert re.search(r"[12] of 3 trials, 00:0\d so far, 00:0\d left; 1 runs active", caplog.text)


@pytest.mark.slow
def test_where_time_ends_a_sweep_what_is_left_of_it_is_said(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 0.02)
    caplog.set_level("INFO", "genn_shd")
    go(tmp_path, "slow", budget={"hours": 0.6 / 3600}, settings={"training.epochs": 10})
    assert re.search(r"\d trials, 00:0\d so far, 00:00 of budget.hours left; \d runs active", caplog.text)


def test_a_folder_keeps_one_sweep(tmp_path):
    go(tmp_path)
    with pytest.raises(SettingError, match="has a sweep with another repeats; choose another --out"):
        go(tmp_path, repeats={"seeds": [7]})
    go(tmp_path, title="another title")


def test_a_seed_that_had_no_effect_may_be_taken_out_of_the_file(tmp_path):
    go(tmp_path)
    with State(tmp_path / FILE_NAME) as state:
        state.describe(file=sweep(settings={"training.seed": 3}).to_values())
    go(tmp_path)


def test_trials_that_diverge_are_said_to_and_do_not_end_the_sweep(tmp_path):
    trials, counts, best = go(tmp_path, "diverging_when_fast", budget={"trials": 12}, repeats={"seeds": [0, 1]})
    for trial in trials:
        fast = trial.point["optimiser.learning_rate"] > 0.1
        assert trial.status == (DIVERGED if fast else COMPLETE)
        assert (trial.objective is None) == fast
        if fast:
            assert "the loss is nan" in trial.error
            assert [run.status for run in trial.runs] == [DIVERGED, SKIPPED]
    assert {t.status for t in trials} == {DIVERGED, COMPLETE}
    assert counts.finished + counts.skipped == 24
    assert best.status == COMPLETE


@pytest.mark.parametrize(("function", "reason"), [("failing", "network.tau_mem cannot be that"), ("faulty", "a bug")])
def test_where_all_fail_the_sweep_ends_with_the_reason(tmp_path, function, reason):
    with pytest.raises(GennShdError, match=f"the first 3 trials failed: .*{reason}.* --retry-failed") as caught:
        go(tmp_path, function)
    assert "\n" not in str(caught.value)
    trials, _, _ = read(tmp_path)
    assert [trial.status for trial in trials] == [FAILED] * 3


def test_what_failed_runs_again_when_asked(tmp_path, monkeypatch):
    from tests.sweep import cheap

    monkeypatch.setattr(cheap, "diverging_when_fast", cheap.failing)
    with pytest.raises(GennShdError, match="--retry-failed"):
        go(tmp_path, "diverging_when_fast")
    monkeypatch.undo()
    with pytest.raises(GennShdError, match="--retry-failed"):
        go(tmp_path, "diverging_when_fast")
    trials, counts, _ = go(tmp_path, "diverging_when_fast", retry_failed=True)
    assert {trial.status for trial in trials} <= {COMPLETE, DIVERGED}
    assert (len(trials), counts.started, counts.retried, counts.duplicated) == (6, 9, 3, 0)


def test_settings_that_do_not_go_together_fail_without_a_run(tmp_path):
    space = {"regularisation.upper": {"float": [1.0, 100.0]}, "regularisation.lower": {"float": [0.1, 60.0]}}
    trials, counts, _ = go(tmp_path, space=space, budget={"trials": 12})
    for trial in trials:
        allowed = trial.point["regularisation.lower"] <= trial.point["regularisation.upper"]
        assert trial.status == (COMPLETE if allowed else FAILED)
        assert allowed or (trial.runs == [] and "must not exceed" in trial.error)
    assert 1 <= counts.started < 12
    with pytest.raises(SettingError, match="must not exceed"):
        go(tmp_path / "never", space={**space, "regularisation.lower": {"float": [170.0, 180.0]}})


def test_refused_points_at_the_start_of_a_grid_do_not_end_it(tmp_path):
    space = {
        "regularisation.lower": {"choice": [170.0, 180.0, 190.0, 1.0]},
        "regularisation.upper": {"choice": [100.0, 200.0]},
    }
    trials, _, _ = go(tmp_path, space=space, strategy={"name": "grid"}, budget={})
    assert [trial.status for trial in trials][:5:2] == [FAILED] * 3
    assert sum(trial.status == COMPLETE for trial in trials) == 5


class Dying(Workers):
    """Says of the first run that it failed, and of the second, which is then asked to stop, that its worker died."""

    slots, description = 2, "that die"

    def __init__(self):
        self.runs, self.asked = [], []

    def submit(self, job):
        self.runs.append(job.run)

    def collect_events(self, timeout):
        if self.asked == self.runs[1:]:
            return [Lost(run, "its worker died") for run in self.asked]
        return [Ended(self.runs[0], FAILED, {}, "why")]

    def stop(self, run):
        self.asked.append(run)

    def close(self):
        pass


def test_a_run_that_nobody_needs_is_not_tried_again_when_its_worker_dies(tmp_path):
    run(plans.make_plan(sweep(budget={"trials": 1}, repeats={"seeds": [0, 1, 2]})), tmp_path, Dying, StopRequest())
    ((trial,), counts, _) = read(tmp_path)
    assert trial.status == FAILED and [r.status for r in trial.runs] == [FAILED, SKIPPED, SKIPPED]
    assert (counts.started, counts.lost) == (2, 1)


@pytest.mark.slow
def test_hopeless_runs_are_stopped_and_their_trial_is_decided(tmp_path):
    trials, counts, best = go(
        tmp_path,
        "curved",
        budget={"trials": 12},
        settings={"training.epochs": 4},
        repeats={"seeds": [0, 1]},
        stopping={"rule": "median", "after": 2, "trials": 4},
    )
    stopped = [trial for trial in trials if trial.status == STOPPED]
    complete = [trial for trial in trials if trial.status == COMPLETE]
    assert len(stopped) >= 2 and len(complete) >= 4
    for trial in stopped:
        assert {run.status for run in trial.runs} <= {STOPPED, SKIPPED, COMPLETE}
        assert trial.objective <= sorted(t.objective for t in complete)[len(complete) // 2] + 1e-9
        (run,) = (run for run in trial.runs if run.status == STOPPED)
        assert 2 <= len(run.epochs) < 4
        assert run.metrics["last"]["validation_accuracy"] == run.epochs[-1]["validation_accuracy"]
    assert best.status == COMPLETE
    assert counts.skipped >= 1


@pytest.mark.slow
def test_asked_to_stop_it_leaves_what_can_be_gone_on_with(tmp_path):
    stop = StopRequest()

    class StoppingWorkers(InProcess):
        def collect_events(self, timeout):
            found = super().collect_events(timeout)
            stop.requested = stop.requested or len(executed(tmp_path)) >= 2
            return found

    plan = plans.make_plan(sweep("slow", settings={"training.epochs": 10}))
    with pytest.raises(Interrupted):
        run(plan, tmp_path, StoppingWorkers, stop)
    trials, counts, _ = read(tmp_path)
    assert counts.open <= 1 and len(trials) < 6
    assert all(run.status in (COMPLETE, WAITING) for trial in trials for run in trial.runs)
    trials, counts, _ = go(tmp_path, "slow", settings={"training.epochs": 10})
    assert (len(trials), counts.finished, counts.lost, counts.duplicated) == (6, 6, 0, 0)
    assert len(executed(tmp_path)) == 6


def test_what_a_planner_left_undecided_is_decided_by_the_next(tmp_path):
    from genn_shd.sweep.state import FILE_NAME, State

    go(tmp_path, budget={"trials": 2})
    plan = plans.make_plan(sweep())
    with State(tmp_path / FILE_NAME) as state:  # as if it had died between the end of a run and that of its trial
        point = plan.space.make_point([0.5, 0.5])
        runs = [(r.seed, r.fold, r.name, r.settings) for r in plan.make_runs(point)]
        state.add_trial(point, "random", runs)
        run_id = state.claim("gone")
        state.finish(run_id, COMPLETE, {"best": {"validation_accuracy": 0.25}})
    trials, _, _ = go(tmp_path, budget={"trials": 3})
    assert (trials[2].status, trials[2].objective) == (COMPLETE, 0.25)


def test_the_status_says_what_there_is(tmp_path):
    published = [
        {"what": "a thing", "value": 0.9, "source": "somebody", "metric": "validation_accuracy", "dataset": "yin_yang"},
        {"what": "another", "value": 3.0, "spread": 0.5, "source": "somebody else"},
    ]
    _, _, best = go(tmp_path, published=published, repeats={"seeds": [0, 1]})
    with SweepReader(tmp_path) as reader:
        text = format_status(reader)
    assert "trials: 6 of 6: 6 complete" in text
    assert "12 finished, 0 open" in text and "0 duplicated" in text
    assert f"{best.number}" in next(line for line in text.splitlines() if "complete  " in line).split()
    assert f"a thing  0.9        {best.objective:.4g} ± 0 (2 runs)  somebody" in text
    assert "another  3 ± 0.5    not run" in text


def test_a_sweep_that_kept_a_relative_path_is_gone_on_with(tmp_path):
    go(tmp_path, budget={"trials": 1}, settings={"dataset.name": "spoken_digits", "dataset.data_dir": "../data"})
    absolute = {"dataset.name": "spoken_digits", "dataset.data_dir": str(tmp_path / "data")}
    trials, _, _ = go(tmp_path, budget={"trials": 2}, settings=absolute)
    assert len(trials) == 2
    with pytest.raises(SettingError, match="has a sweep with another settings"):
        go(tmp_path, budget={"trials": 3}, settings={**absolute, "dataset.data_dir": str(tmp_path / "other")})


@pytest.mark.parametrize("strategy", ["random", "grid"])
def test_a_space_smaller_than_the_budget_ends_the_sweep_and_says_so(tmp_path, caplog, strategy):
    caplog.set_level("INFO", "genn_shd")
    space = {"network.tau_mem": {"choice": [10.0, 20.0]}, "network.num_hidden": {"integer": [8, 9]}}
    trials, counts, _ = go(tmp_path, space=space, strategy={"name": strategy}, budget={"trials": 20})
    assert len(trials) == counts.started == len(executed(tmp_path)) == 4
    assert [m for m in caplog.messages if "all points" in m] == ["all points were tried, 4 trials; there are no more"]
    with SweepReader(tmp_path) as reader:
        assert "trials: 4 of 20, all points of the space: 4 complete" in format_status(reader)
