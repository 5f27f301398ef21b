"""Get new trials from the strategy, within the budget."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import GennShdError, SettingError
from ..system.progress import LOG
from .plan import Plan
from .reading import SweepReader
from .records import FAILED, RUNNING, Trial
from .session import Session
from .state import State
from .strategies import Strategy
from .trial_closer import TrialCloser
from .trial_line import find_last_line

_MAX_FAILURES = 3


class TrialSupply:
    """Adds trials and their runs to the state.

    Parameters
    ----------
    plan, state, reader, session : plan, state and session of the sweep.
    strategy : chooses points.
    closer : closes trials with invalid settings.
    """

    def __init__(
        self,
        plan: Plan,
        state: State,
        reader: SweepReader,
        session: Session,
        strategy: Strategy,
        closer: TrialCloser,
    ) -> None:
        self._plan, self._state, self._reader = plan, state, reader
        self._session, self._strategy, self._closer = session, strategy, closer
        self._is_exhausted = False

    def add_trial(self) -> bool:
        """Get another trial from the strategy; return whether there is one.

        Raises
        ------
        GennShdError
            All trials so far failed.
        """
        trials = self._reader.read_trials(runs=False)
        if self._is_spent(len(trials)):
            return False
        self._check_failures(trials)
        suggestion = self._strategy.suggest(trials)
        if suggestion is None:
            self._report_exhausted(len(trials))
            return False
        try:
            runs = [(run.seed, run.fold, run.name, run.settings) for run in self._plan.make_runs(suggestion.point)]
        except SettingError as error:
            self._closer.close_as_failed(self._state.add_trial(suggestion.point, suggestion.origin, []), str(error))
            return True
        self._state.add_trial(suggestion.point, suggestion.origin, runs)
        return True

    def _report_exhausted(self, trials: int) -> None:
        """Log once that the budget is larger than the space."""
        if not self._is_exhausted:
            LOG.info("all points were tried, %d trials; there are no more", trials)
        self._is_exhausted = True

    def _is_spent(self, trials: int) -> bool:
        budget = self._plan.file.budget
        hours = self._session.total_seconds / 3600
        return (budget.trials is not None and trials >= budget.trials) or (
            budget.hours is not None and hours >= budget.hours
        )

    def _check_failures(self, trials: Sequence[Trial]) -> None:
        """Raise an error if the first trials all failed, as others would probably fail, too."""
        ended = [trial for trial in trials if trial.status != RUNNING]
        if len(ended) < _MAX_FAILURES or any(trial.status != FAILED for trial in ended):
            return
        # A trial without runs had invalid settings.
        tried = [trial for trial in self._reader.read_trials() if trial.status == FAILED and trial.runs]
        if len(tried) >= _MAX_FAILURES:
            raise GennShdError(
                f"the first {len(tried)} trials failed: {find_last_line(tried[0].error)} Correct that, and "
                "run the same command with --retry-failed."
            )
