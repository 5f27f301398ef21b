"""The loop that ties a sweep together: the strategy's trials to the state, its runs to workers, what they say back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..errors import GennShdError, SettingError
from ..system.interrupt import Interrupted, StopRequest
from ..system.progress import LOG, Count, Heartbeat
from . import stopping
from .plan import Plan, points
from .reading import SweepReader
from .records import COMPLETE, DIVERGED, FAILED, INTERRUPTED, LOST, RUNNING, SKIPPED, STOPPED, WAITING, Run, Trial
from .state import State
from .strategies import Strategy
from .workers.base import Ended, Epoch, Event, Job, Lost, Started, Workers

_MAX_DEATHS = 3
_MAX_FAILURES = 3
_TICK = 1.0  # s between looks at signals and clocks
_BUSY_PAUSE = 1.0  # s before a run is tried again whose folder another process has


@dataclass
class _UnderWay:
    """A run that a worker has.

    Attributes
    ----------
    run : which one.
    has_started : whether a worker has said so.
    is_moot : whether it was asked to stop because its trial is decided.
    """

    run: Run
    has_started: bool = False
    is_moot: bool = False


class Planner:
    """Runs a sweep, or goes on with it.

    Parameters
    ----------
    plan : of the sweep.
    folder : of the sweep.
    state : its open state.
    strategy : chooses trials.
    workers : run them.
    stop : looked at all the time; runs then end where they can go on later.
    """

    def __init__(
        self, plan: Plan, folder: Path, state: State, strategy: Strategy, workers: Workers, stop: StopRequest
    ) -> None:
        self._plan, self._folder, self._state = plan, folder, state
        self._strategy, self._workers, self._stop = strategy, workers, stop
        self._reader = SweepReader(folder)
        self._under_way: dict[int, _UnderWay] = {}
        self._deaths: Counter[int] = Counter()
        self._started = time.monotonic()
        self._spent_before = self._reader.seconds()
        self._count = Count(_num_trials(plan), "trials", self._num_ended())
        self._wait_until = 0.0
        self._is_waiting = False
        self._is_exhausted = False

    def run(self) -> None:
        """Run until the budget is spent or the strategy has no more trials.

        Raises
        ------
        Interrupted
            `stop` was requested.
        GennShdError
            Workers are gone for good, or every trial fails.
        """
        session = self._state.begin_session(self._workers.description)
        heartbeat = Heartbeat(self._describe_progress)
        try:
            with self._stop.deferred():
                self._settle_open_trials()
                while self._give_out() or self._under_way:
                    for event in self._workers.events(_TICK):
                        self._hear(event)
                    self._state.at_work(session, time.monotonic() - self._started)
        finally:
            heartbeat.close()
            self._state.at_work(session, time.monotonic() - self._started)
            self._reader.close()
        if self._stop.requested:
            raise Interrupted("stopped")

    def _describe_progress(self) -> str:
        """A line that says how far the sweep is, and where time ends it how much is left."""
        hours = self._plan.file.budget.hours
        if hours is None:
            return f"{self._count}; {len(self._under_way)} runs under way"
        left = tqdm.format_interval(max(0.0, 3600 * (hours - self._hours)))
        return f"{self._count}, {left} of budget.hours left; {len(self._under_way)} runs under way"

    @property
    def _hours(self) -> float:
        """Time at work, that of earlier sessions included, h."""
        return (self._spent_before + time.monotonic() - self._started) / 3600

    def _num_ended(self) -> int:
        return sum(trial.status != RUNNING for trial in self._reader.trials(runs=False))

    # --- giving out ----------------------------------------------------------------------------------------

    def _give_out(self) -> bool:
        """Fill free slots; returns whether there is anything left to give out."""
        if self._stop.requested:
            for run in self._under_way:
                self._workers.stop(run)
            return False
        if time.monotonic() < self._wait_until:
            return True
        while not self._stop.requested:
            if len(self._under_way) >= (slots := self._workers.slots):
                self._say_when_waiting(slots)
                return True
            waiting = self._state.claim("")
            if waiting is not None:
                self._submit(waiting)
            elif not self._add_trial():
                return False
        return True

    def _say_when_waiting(self, slots: int) -> None:
        """A cluster may be long in coming; say so once."""
        if slots == 0 and not self._is_waiting:
            LOG.info("waiting for workers")
        self._is_waiting = slots == 0

    def _submit(self, id: int) -> None:
        run = self._reader.run(id)
        self._under_way[id] = _UnderWay(run)
        threads = getattr(self._workers, "threads", None)
        folder = str((self._folder / run.folder).resolve())
        self._workers.submit(Job(id, folder, self._plan.file.function, run.settings, threads))

    def _add_trial(self) -> bool:
        """Ask the strategy for another trial; returns whether there is one."""
        trials = self._reader.trials(runs=False)
        if self._is_spent(len(trials)):
            return False
        self._refuse_to_fail_on(trials)
        suggestion = self._strategy.next(trials)
        if suggestion is None:
            self._say_when_exhausted(len(trials))
            return False
        try:
            runs = [(run.seed, run.fold, run.name, run.settings) for run in self._plan.runs(suggestion.point)]
        except SettingError as error:
            number = self._state.add_trial(suggestion.point, suggestion.origin, [])
            self._close(number, FAILED, None, {}, str(error))
            return True
        self._state.add_trial(suggestion.point, suggestion.origin, runs)
        return True

    def _say_when_exhausted(self, trials: int) -> None:
        """The budget may be larger than the space; say so once."""
        if not self._is_exhausted:
            LOG.info("all points were tried, %d trials; there are no more", trials)
        self._is_exhausted = True

    def _is_spent(self, trials: int) -> bool:
        budget = self._plan.file.budget
        return (budget.trials is not None and trials >= budget.trials) or (
            budget.hours is not None and self._hours >= budget.hours
        )

    def _refuse_to_fail_on(self, trials: Sequence[Trial]) -> None:
        """Where nothing has come of the first trials but failures, more would come of the others."""
        ended = [trial for trial in trials if trial.status != RUNNING]
        if len(ended) < _MAX_FAILURES or any(trial.status != FAILED for trial in ended):
            return
        tried = [trial for trial in self._reader.trials() if trial.status == FAILED and trial.runs]  # not just refused
        if len(tried) >= _MAX_FAILURES:
            raise GennShdError(
                f"the first {len(tried)} trials failed: {_last_line(tried[0].error)} Put that right, and give the same "
                "command with --retry-failed."
            )

    # --- hearing -------------------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        """Whatever workers say, of runs that are theirs."""
        under_way = self._under_way.get(event.run)
        if under_way is None:
            return
        match event:
            case Started():
                self._hear_started(under_way, event.worker)
            case Epoch():
                self._state.record_epoch(event.run, int(event.row["epoch"]), event.row)
                self._stop_if_hopeless(under_way)
            case Lost():
                self._hear_lost(under_way, event.reason)
            case Ended():
                self._hear_ended(under_way, event)

    def _hear_started(self, under_way: _UnderWay, worker: str) -> None:
        if under_way.has_started:
            LOG.info("trial %d, %s: its worker died; %s has it now", *_name(under_way.run), worker)
            self._state.start_again(under_way.run.id, worker)
        else:
            self._state.name_worker(under_way.run.id, worker)
        under_way.has_started = True

    def _hear_lost(self, under_way: _UnderWay, reason: str) -> None:
        run = under_way.run
        del self._under_way[run.id]
        self._deaths[run.id] += 1
        if self._deaths[run.id] >= _MAX_DEATHS:
            self._state.put_back(run.id, LOST)
            self._state.finish(run.id, FAILED, {}, f"{reason}, {_MAX_DEATHS} times; is there enough memory?")
            self._decide_without_others(run.trial)
            self._close_if_decided(run.trial)
            return
        LOG.info("trial %d, %s: %s; it is tried again", *_name(run), reason)
        self._put_back(under_way, LOST)

    def _hear_ended(self, under_way: _UnderWay, ended: Ended) -> None:
        run = under_way.run
        del self._under_way[run.id]
        if ended.status == INTERRUPTED and under_way.is_moot:
            self._state.finish(run.id, STOPPED, self._reached(run.id))
        elif ended.status in (COMPLETE, DIVERGED, FAILED):
            self._state.finish(run.id, ended.status, ended.metrics, ended.error)
            if ended.status != COMPLETE:
                self._decide_without_others(run.trial)
        else:  # interrupted, or busy: another process still has the folder
            self._put_back(under_way, INTERRUPTED)
            self._wait_until = time.monotonic() + _BUSY_PAUSE
            return
        self._close_if_decided(run.trial)

    def _put_back(self, under_way: _UnderWay, status: str) -> None:
        """Let a run wait again, unless its trial is decided."""
        run = under_way.run
        self._state.put_back(run.id, status)
        if under_way.is_moot:
            self._state.skip_waiting(run.trial)
            self._close_if_decided(run.trial)

    # --- deciding ------------------------------------------------------------------------------------------

    def _stop_if_hopeless(self, under_way: _UnderWay) -> None:
        settings, metric = self._plan.file.stopping, self._plan.objective.metric
        if settings.rule == "none" or under_way.is_moot:
            return
        curve = self._reader.curve(metric, under_way.run.id)
        others = self._reader.complete_curves(metric, under_way.run.fold)
        if stopping.is_hopeless(curve, others, self._plan.objective, settings):
            self._decide_without_others(under_way.run.trial)

    def _decide_without_others(self, trial: int) -> None:
        """A trial is decided: what runs of it is stopped, what waits is not run."""
        self._state.skip_waiting(trial)
        for other in self._under_way.values():
            if other.run.trial == trial:
                other.is_moot = True
                self._workers.stop(other.run.id)

    def _reached(self, run: int) -> dict[str, Mapping[str, Any]]:
        """What a run that was ended early had come to."""
        rows = self._reader.history(run)
        objective = self._plan.objective
        valued = [row for row in rows if objective.of_row(row) is not None]
        if not valued:
            return {}
        best = max(valued, key=lambda row: objective.sign * (objective.of_row(row) or 0.0))
        return {"best": best, "last": rows[-1]}

    def _settle_open_trials(self) -> None:
        """What an earlier planner had no time to conclude."""
        for trial in self._reader.trials():
            if trial.status == RUNNING:
                if any(run.status in (STOPPED, DIVERGED, FAILED) for run in trial.runs):
                    self._state.skip_waiting(trial.number)
                self._close_if_decided(trial.number)

    def _close_if_decided(self, number: int) -> None:
        runs = self._reader.runs(trial=number)
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

    def _close_complete(self, number: int, runs: Sequence[Run]) -> None:
        value = self._plan.objective.of_trial([run.metrics for run in runs])
        if value is None:
            metrics = ", ".join([self._plan.objective.metric, *self._plan.objective.at_most])
            self._close(number, FAILED, None, {}, f"a run did not report a finite {metrics}.")
        else:
            self._close(number, COMPLETE, value.objective, value.limited)

    def _estimate(self, runs: Sequence[Run]) -> float | None:
        metric = self._plan.objective.metric
        reached = [(run.fold, curve) for run in runs if (curve := self._reader.curve(metric, run.id))]
        complete = {fold: self._reader.complete_curves(metric, fold) for fold, _ in reached}
        trials = self._reader.trials(runs=False)
        values = [trial.objective for trial in trials if trial.status == COMPLETE and trial.objective is not None]
        return stopping.estimate(reached, complete, values, self._plan.objective)

    def _close(
        self, number: int, status: str, objective: float | None, limited: Mapping[str, float], error: str = ""
    ) -> None:
        self._state.close_trial(number, status, objective, limited, error)
        self._count.update()
        trial = self._reader.trial(number)
        LOG.info("%s", line(trial, self._plan, self._reader.best()))


def _num_trials(plan: Plan) -> int | None:
    """How many trials there will be; None where only time ends the sweep."""
    counts = [plan.file.budget.trials, len(known) if (known := points(plan)) is not None else None]
    return min((count for count in counts if count is not None), default=None)


def line(trial: Trial, plan: Plan, best: Trial | None) -> str:
    """What the log says of a trial that ended."""
    of = f" of {plan.file.budget.trials}" if plan.file.budget.trials else ""
    came = trial.status if trial.objective is None else f"{plan.objective.metric} {trial.objective:.4g}"
    if trial.status not in (COMPLETE, FAILED, DIVERGED):
        came = f"{trial.status}, {came} estimated" if trial.objective is not None else trial.status
    parts = [f"trial {trial.number}{of}: {came}", *(f"{name} {value:.4g}" for name, value in trial.limited.items())]
    if best is not None:
        parts.append(
            "best so far" if best.number == trial.number else f"best {best.objective:.4g} (trial {best.number})"
        )
    seconds, compiling = spent(trial.runs)
    parts.append(f"{seconds:.1f} s, {compiling:.2f} s of it compiling")
    values = ", ".join(f"{name} = {_short(value)}" for name, value in trial.point.items())
    reason = f"; {_last_line(trial.error)}" if trial.error else ""
    return f"{', '.join(parts)}; {values} ({trial.origin}){reason}"


def spent(runs: Sequence[Run]) -> tuple[float, float]:
    """Seconds that attempts at runs took, and how many of them went into compiling."""
    seconds = sum((a.ended - a.started) for run in runs for a in run.attempts if a.ended is not None)
    return seconds, sum(run.metric("compile_seconds") or 0.0 for run in runs)


def _name(run: Run) -> tuple[int, str]:
    return run.trial, Path(run.folder).name


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else ""
