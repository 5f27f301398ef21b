"""The runs that workers are executing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .plan import Plan
from .records import Run
from .workers.base import Job, Workers


@dataclass
class RunUnderWay:
    """A run that was submitted to workers.

    Attributes
    ----------
    run : its record.
    has_started : whether a worker has reported its start.
    is_needless : whether it was stopped because its trial is decided.
    """

    run: Run
    has_started: bool = False
    is_needless: bool = False


class RunsUnderWay:
    """Submits runs to workers, and keeps a list of them.

    Parameters
    ----------
    plan, folder : plan and folder of the sweep.
    workers : execute the runs.
    """

    def __init__(self, plan: Plan, folder: Path, workers: Workers) -> None:
        self._plan, self._folder, self._workers = plan, folder, workers
        self._runs: dict[int, RunUnderWay] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, id: int) -> RunUnderWay | None:
        """Return the run with an id; None if workers do not have it."""
        return self._runs.get(id)

    def submit(self, run: Run) -> None:
        """Submit a run to the workers."""
        self._runs[run.id] = RunUnderWay(run)
        threads = getattr(self._workers, "threads", None)
        folder = str((self._folder / run.folder).resolve())
        self._workers.submit(Job(run.id, folder, self._plan.file.function, run.settings, threads))

    def remove(self, id: int) -> None:
        """Remove a run that its worker no longer has."""
        del self._runs[id]

    def stop_all(self) -> None:
        """Ask all runs to stop, so that they can be resumed."""
        for id in self._runs:
            self._workers.stop(id)

    def stop_trial(self, trial: int) -> None:
        """Ask the runs of a trial to stop, because the trial is decided."""
        for id, under_way in self._runs.items():
            if under_way.run.trial == trial:
                under_way.is_needless = True
                self._workers.stop(id)
