"""Close trials: set their status and the value of the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..system.progress import LOG, Count
from . import stopping
from .plan import Plan, list_points
from .reading import SweepReader
from .records import COMPLETE, DIVERGED, FAILED, RUNNING, SKIPPED, STOPPED, WAITING, Run
from .state import State
from .trial_line import describe_trial


class TrialCloser:
    """Closes trials whose runs are all finished, and logs them.

    Parameters
    ----------
    plan, state, reader : plan and state of the sweep.

    Attributes
    ----------
    progress : number of finished trials, as text.
    """

    def __init__(self, plan: Plan, state: State, reader: SweepReader) -> None:
        self._plan, self._state, self._reader = plan, state, reader
        ended = sum(trial.status != RUNNING for trial in reader.read_trials(runs=False))
        self.progress = Count(_count_trials(plan), "trials", ended)

    def close_left_open(self) -> None:
        """Close decided trials that an earlier planner did not close."""
        for trial in self._reader.read_trials():
            if trial.status == RUNNING:
                if any(run.status in (STOPPED, DIVERGED, FAILED) for run in trial.runs):
                    self._state.skip_waiting(trial.number)
                self.close_if_decided(trial.number)

    def close_if_decided(self, number: int) -> None:
        """Close a trial unless one of its runs is waiting or active."""
        runs = self._reader.read_runs(trial=number)
        statuses = {run.status for run in runs}
        if statuses & {WAITING, RUNNING}:
            return
        error = next((run.error for run in runs if run.error), "")
        if statuses & {FAILED, DIVERGED}:
            self._close(number, FAILED if FAILED in statuses else DIVERGED, None, {}, error)
        elif statuses & {STOPPED, SKIPPED}:
            self._close(number, STOPPED, self._estimate(runs), {})
        else:
            self._close_complete(number, runs)

    def close_as_failed(self, number: int, error: str) -> None:
        """Close a trial that cannot be run."""
        self._close(number, FAILED, None, {}, error)

    def _close_complete(self, number: int, runs: Sequence[Run]) -> None:
        value = self._plan.objective.evaluate_trial([run.metrics for run in runs])
        if value is None:
            metrics = ", ".join([self._plan.objective.metric, *self._plan.objective.at_most])
            self._close(number, FAILED, None, {}, f"a run did not report a finite {metrics}.")
        else:
            self._close(number, COMPLETE, value.objective, value.limited)

    def _estimate(self, runs: Sequence[Run]) -> float | None:
        """Estimate the objective of a trial that was stopped early; None if that is not possible."""
        metric = self._plan.objective.metric
        reached = [(run.fold, curve) for run in runs if (curve := self._reader.read_curve(metric, run.id))]
        complete = {fold: self._reader.read_complete_curves(metric, fold) for fold, _ in reached}
        trials = self._reader.read_trials(runs=False)
        values = [trial.objective for trial in trials if trial.status == COMPLETE and trial.objective is not None]
        return stopping.estimate(reached, complete, values, self._plan.objective)

    def _close(
        self, number: int, status: str, objective: float | None, limited: Mapping[str, float], error: str = ""
    ) -> None:
        self._state.close_trial(number, status, objective, limited, error)
        self.progress.update()
        trial = self._reader.read_trial(number)
        LOG.info("%s", describe_trial(trial, self._plan, self._reader.find_best()))


def _count_trials(plan: Plan) -> int | None:
    """Return the total number of trials; None if only time limits the sweep."""
    counts = [plan.file.budget.trials, len(known) if (known := list_points(plan)) is not None else None]
    return min((count for count in counts if count is not None), default=None)
