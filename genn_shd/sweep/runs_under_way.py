"""The runs that workers have at the moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .plan import Plan
from .records import Run
from .workers.base import Job, Workers


@dataclass
class RunUnderWay:
    """A run that a worker has.

    Attributes
    ----------
    run : its record.
    has_started : whether a worker has reported its start.
    is_needless : whether it was asked to stop because its trial is decided.
    """

    run: Run
    has_started: bool = False
    is_needless: bool = False


class RunsUnderWay:
    """Hands runs to workers, and knows which they have.

    Parameters
    ----------
    plan, folder : of the sweep.
    workers : run them.
    """

    def __init__(self, plan: Plan, folder: Path, workers: Workers) -> None:
        self._plan, self._folder, self._workers = plan, folder, workers
        self._runs: dict[int, RunUnderWay] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, id: int) -> RunUnderWay | None:
        """The run of that id; None where workers do not have it."""
        return self._runs.get(id)

    def submit(self, run: Run) -> None:
        """Hand a run to the workers."""
        self._runs[run.id] = RunUnderWay(run)
        threads = getattr(self._workers, "threads", None)
        folder = str((self._folder / run.folder).resolve())
        self._workers.submit(Job(run.id, folder, self._plan.file.function, run.settings, threads))

    def remove(self, id: int) -> None:
        """Take a run off the list that its worker has no more."""
        del self._runs[id]

    def stop_all(self) -> None:
        """Ask all runs to end where they can go on later."""
        for id in self._runs:
            self._workers.stop(id)

    def stop_trial(self, trial: int) -> None:
        """Ask the runs of a trial to end because it is decided without them."""
        for id, under_way in self._runs.items():
            if under_way.run.trial == trial:
                under_way.is_needless = True
                self._workers.stop(id)
