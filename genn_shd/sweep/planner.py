"""The main loop of a sweep: gets trials from the strategy, submits runs to workers, handles their events."""

from __future__ import annotations

import time
from pathlib import Path

from tqdm import tqdm

from ..system.interrupt import Interrupted, StopRequest
from ..system.progress import LOG, Heartbeat
from .event_handler import EventHandler
from .plan import Plan
from .reading import SweepReader
from .runs_under_way import RunsUnderWay
from .session import Session
from .state import State
from .strategies import Strategy
from .trial_closer import TrialCloser
from .trial_supply import TrialSupply
from .workers.base import Workers

_TICK = 1.0  # s between checks of signals and clocks


class Planner:
    """Runs or resumes a sweep.

    Parameters
    ----------
    plan : plan of the sweep.
    folder : folder of the sweep.
    state : the state, open for writing.
    reader : reader of the same state.
    strategy : chooses trials.
    workers : execute runs.
    stop : request to stop, checked regularly; runs then end so that they can be resumed.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        state: State,
        reader: SweepReader,
        strategy: Strategy,
        workers: Workers,
        stop: StopRequest,
    ) -> None:
        self._plan, self._state, self._reader, self._workers, self._stop = plan, state, reader, workers, stop
        self._session = Session(state, workers.description, self._reader.read_seconds())
        self._under_way = RunsUnderWay(plan, folder, workers)
        self._closer = TrialCloser(plan, state, self._reader)
        self._supply = TrialSupply(plan, state, self._reader, self._session, strategy, self._closer)
        self._events = EventHandler(plan, state, self._reader, self._under_way, self._closer)
        self._is_waiting = False

    def run(self) -> None:
        """Run until the budget is spent or the strategy has no more trials.

        Raises
        ------
        Interrupted
            A stop was requested.
        GennShdError
            There are no workers left, or every trial fails.
        """
        heartbeat = Heartbeat(self._describe_progress)
        try:
            with self._stop.defer_signals():
                self._closer.close_left_open()
                while self._fill_slots() or len(self._under_way):
                    for event in self._workers.collect_events(_TICK):
                        self._events.handle(event)
                    self._session.save()
        finally:
            heartbeat.close()
            self._session.save()
        if self._stop.requested:
            raise Interrupted("stopped")

    def _describe_progress(self) -> str:
        """Return a line about the progress of the sweep, and the time left if it is limited."""
        hours, left = self._plan.file.budget.hours, ""
        if hours is not None:
            seconds = max(0.0, 3600 * hours - self._session.total_seconds)
            left = f", {tqdm.format_interval(seconds)} of budget.hours left"
        return f"{self._closer.progress}{left}; {len(self._under_way)} runs active"

    def _fill_slots(self) -> bool:
        """Submit runs while workers have free slots; return whether more runs may follow."""
        if self._stop.requested:
            self._under_way.stop_all()
            return False
        if time.monotonic() < self._events.wait_until:
            return True
        while not self._stop.requested:
            if len(self._under_way) >= (slots := self._workers.slots):
                self._report_waiting(slots)
                return True
            waiting = self._state.claim("")
            if waiting is not None:
                self._under_way.submit(self._reader.read_run(waiting))
            elif not self._supply.add_trial():
                return False
        return True

    def _report_waiting(self, slots: int) -> None:
        """Log once that there are no workers yet: a cluster may need a long time to start."""
        if slots == 0 and not self._is_waiting:
            LOG.info("waiting for workers")
        self._is_waiting = slots == 0
