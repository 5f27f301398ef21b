"""Handle events of workers: update the state, and stop runs that are no longer needed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..system.progress import LOG
from . import stopping
from .plan import Plan
from .reading import SweepReader
from .records import COMPLETE, DIVERGED, FAILED, INTERRUPTED, LOST, STOPPED, Run
from .runs_under_way import RunsUnderWay, RunUnderWay
from .state import State
from .trial_closer import TrialCloser
from .workers.base import Ended, Epoch, Event, Lost, Started

_MAX_DEATHS = 3
_BUSY_PAUSE = 1.0  # s before a run is tried again whose folder another process is using


class EventHandler:
    """Handles the events that workers report.

    Parameters
    ----------
    plan, state, reader : plan and state of the sweep.
    under_way : runs that workers have.
    closer : closes trials whose last run ended.

    Attributes
    ----------
    wait_until : monotonic time, s, before which no run is submitted.
    """

    def __init__(
        self, plan: Plan, state: State, reader: SweepReader, under_way: RunsUnderWay, closer: TrialCloser
    ) -> None:
        self._plan, self._state, self._reader = plan, state, reader
        self._under_way, self._closer = under_way, closer
        self._deaths: Counter[int] = Counter()
        self.wait_until = 0.0

    def handle(self, event: Event) -> None:
        """Update the state with an event; events of runs that workers no longer have are ignored."""
        under_way = self._under_way.get(event.run)
        if under_way is None:
            return
        match event:
            case Started():
                self._handle_start(under_way, event.worker)
            case Epoch():
                self._state.record_epoch(event.run, int(event.row["epoch"]), event.row)
                self._stop_if_hopeless(under_way)
            case Lost():
                self._handle_loss(under_way, event.reason)
            case Ended():
                self._handle_end(under_way, event)

    def _handle_start(self, under_way: RunUnderWay, worker: str) -> None:
        if under_way.has_started:
            LOG.info("trial %d, %s: its worker died; it runs on %s now", *_name_metrics(under_way.run), worker)
            self._state.start_again(under_way.run.id, worker)
        else:
            self._state.name_worker(under_way.run.id, worker)
        under_way.has_started = True

    def _handle_loss(self, under_way: RunUnderWay, reason: str) -> None:
        run = under_way.run
        self._under_way.remove(run.id)
        self._deaths[run.id] += 1
        if self._deaths[run.id] >= _MAX_DEATHS:
            self._state.put_back(run.id, LOST)
            self._state.finish(run.id, FAILED, {}, f"{reason}, {_MAX_DEATHS} times; is there enough memory?")
            self._skip_others(run.trial)
            self._closer.close_if_decided(run.trial)
            return
        LOG.info("trial %d, %s: %s; it is repeated", *_name_metrics(run), reason)
        self._put_back(under_way, LOST)

    def _handle_end(self, under_way: RunUnderWay, ended: Ended) -> None:
        run = under_way.run
        self._under_way.remove(run.id)
        if ended.status == INTERRUPTED and under_way.is_needless:
            self._state.finish(run.id, STOPPED, self._has_reached(run.id))
        elif ended.status in (COMPLETE, DIVERGED, FAILED):
            self._state.finish(run.id, ended.status, ended.metrics, ended.error)
            if ended.status != COMPLETE:
                self._skip_others(run.trial)
        else:  # interrupted, or busy: another process is still using the folder
            self._put_back(under_way, INTERRUPTED)
            self.wait_until = time.monotonic() + _BUSY_PAUSE
            return
        self._closer.close_if_decided(run.trial)

    def _put_back(self, under_way: RunUnderWay, status: str) -> None:
        """Put a run back into the queue, unless its trial is decided."""
        run = under_way.run
        self._state.put_back(run.id, status)
        if under_way.is_needless:
            self._state.skip_waiting(run.trial)
            self._closer.close_if_decided(run.trial)

    def _stop_if_hopeless(self, under_way: RunUnderWay) -> None:
        settings, metric = self._plan.file.stopping, self._plan.objective.metric
        if settings.rule == "none" or under_way.is_needless:
            return
        curve = self._reader.read_curve(metric, under_way.run.id)
        others = self._reader.read_complete_curves(metric, under_way.run.fold)
        if stopping.is_hopeless(curve, others, self._plan.objective, settings):
            self._skip_others(under_way.run.trial)

    def _skip_others(self, trial: int) -> None:
        """Stop the active runs of a trial that is decided, and skip its waiting runs."""
        self._state.skip_waiting(trial)
        self._under_way.stop_trial(trial)

    def _has_reached(self, run: int) -> dict[str, Mapping[str, Any]]:
        """Return the best and the last row of the history of a run that was stopped early."""
        rows = self._reader.read_history(run)
        objective = self._plan.objective
        valued = [row for row in rows if objective.evaluate_row(row) is not None]
        if not valued:
            return {}
        best = max(valued, key=lambda row: objective.sign * (objective.evaluate_row(row) or 0.0))
        return {"best": best, "last": rows[-1]}


def _name_metrics(run: Run) -> tuple[int, str]:
    """Return the number of the trial and the name of the run folder, for the log."""
    return run.trial, Path(run.folder).name
