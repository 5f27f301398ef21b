"""Read the state of a sweep, also while it runs: rows of the SQLite file as records."""

from __future__ import annotations

import functools
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from .._moved import old_method
from ..errors import DataError, GennShdError, SettingError
from . import objective as objectives
from . import space as spaces
from .objective import Objective
from .old_names import update_point
from .records import (
    COMPLETE,
    DIVERGED,
    FAILED,
    INTERRUPTED,
    LOST,
    RUNNING,
    SKIPPED,
    STOPPED,
    WAITING,
    Attempt,
    Counts,
    Run,
    Trial,
)
from .space import Space
from .state import FILE_NAME, check_content, connect, explain_errors
from .sweep_file import SweepFile

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def _explain_damage(file: Path) -> Iterator[None]:
    """Turn errors about damaged content into a DataError that names the file."""
    try:
        with explain_errors(file):
            yield
    except GennShdError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise DataError(f"{file}: this state of a sweep is damaged ({error}); choose another --out.") from None


def _explain_damage_of(read: Callable[Concatenate[SweepReader, P], R]) -> Callable[Concatenate[SweepReader, P], R]:
    """Decorate a method of a reader with `_explain_damage`."""

    @functools.wraps(read)
    def method(self: SweepReader, *values: P.args, **named: P.kwargs) -> R:
        with _explain_damage(self.folder / FILE_NAME):
            return read(self, *values, **named)

    return method


def _parse_table(text: str) -> dict[str, Any]:
    """Parse a table stored as JSON."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no table")
    return value


def _check_number(value: Any) -> float | None:
    """Check that a value is a number or None; SQLite stores any type in any column."""
    if value is not None and not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


_ENDS = (COMPLETE, STOPPED, DIVERGED, FAILED)


class NotStartedError(DataError):
    """A state without any content yet."""


class SweepReader:
    """Reads a sweep on disk, for status, reports and strategies.

    Every call reads the current content of the file, also while the sweep runs.

    Parameters
    ----------
    folder : folder of the sweep.

    Raises
    ------
    DataError
        The folder has no sweep.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        file = folder / FILE_NAME
        if not file.is_file():
            raise DataError(f"{folder}: this is not the folder of a sweep, it has no {FILE_NAME}.")
        self._connection = connect(file)
        try:
            with _explain_damage(file):
                check_content(self._connection, file)
                self._description = dict(self._connection.execute("SELECT name, value FROM sweep").fetchall())
            if "file" not in self._description:
                raise NotStartedError(f"{folder}: no sweep has been started in it yet.")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> SweepReader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- what the sweep is ---------------------------------------------------------------------------------

    def read_description(self, name: str) -> Any:
        """Read an entry of the sweep's description: `file`, `dataset`, `smoke`; None if there is none."""
        with _explain_damage(self.folder / FILE_NAME):
            return json.loads(self._description.get(name, "null"))

    @property
    def file(self) -> SweepFile:
        """The sweep file, with the changes by --dataset and --smoke."""
        with _explain_damage(self.folder / FILE_NAME):
            values = self.read_description("file")
            try:
                return SweepFile.from_values(values if isinstance(values, dict) else _parse_table(json.dumps(values)))
            except SettingError as error:  # damaged, or of a version with other settings
                raise SettingError(f"{self.folder / FILE_NAME}: {error}") from None

    @property
    def space(self) -> Space:
        """The parameters of the space."""
        return spaces.build(self.file.space)

    @property
    def objective(self) -> Objective:
        """The objective of the sweep."""
        return objectives.build(self.file.objective, False, True)

    # --- what there is so far ------------------------------------------------------------------------------

    @_explain_damage_of
    def read_trials(self, *, runs: bool = True, epochs: bool = False) -> list[Trial]:
        """Read all trials in order.

        Parameters
        ----------
        runs : whether to read the runs of trials; without them it is faster.
        epochs : whether to read the epochs of runs.
        """
        return self._select_trials(None, runs, epochs)

    @_explain_damage_of
    def read_trial(self, number: int) -> Trial:
        """Read one trial with its runs."""
        return self._select_trials(number, True, False)[0]

    def _select_trials(self, number: int | None, runs: bool, epochs: bool) -> list[Trial]:
        of_trial = defaultdict(list)
        for run in self.read_runs(trial=number, epochs=epochs) if runs else []:
            of_trial[run.trial].append(run)
        columns = "number, point, origin, status, objective, limited, error, created, ended"
        query = f"SELECT {columns} FROM trial WHERE ? IS NULL OR number = ? ORDER BY number"
        return [
            Trial(
                n,
                update_point(_parse_table(point)),
                origin,
                status,
                _check_number(objective),
                _parse_table(limited),
                error,
                created,
                ended,
                of_trial[n],
            )
            for n, point, origin, status, objective, limited, error, created, ended in self._fetch_all(
                query, number, number
            )
        ]

    @_explain_damage_of
    def read_runs(self, *, trial: int | None = None, epochs: bool = False) -> list[Run]:
        """Read all runs in order, or those of one trial, with metrics and attempts, and epochs if requested."""
        which = "run IN (SELECT id FROM run WHERE ? IS NULL OR trial = ?)"
        metrics: dict[int, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        for run, epoch, name, value in self._fetch_all(
            f"SELECT run, epoch, name, value FROM metric WHERE {which}", trial, trial
        ):
            metrics[run][epoch][name] = math.nan if value is None else value
        attempts = defaultdict(list)
        for run, *attempt in self._fetch_all(
            f"SELECT run, worker, status, started, ended FROM attempt WHERE {which} ORDER BY run, number", trial, trial
        ):
            attempts[run].append(Attempt(*attempt))
        query = (
            "SELECT id, trial, seed, fold, status, folder, settings, error FROM run "
            "WHERE ? IS NULL OR trial = ? ORDER BY id"
        )
        return [
            Run(
                id=id,
                trial=of,
                seed=seed,
                fold=fold,
                status=status,
                folder=folder,
                settings=_parse_table(settings),
                metrics={epoch: dict(values) for epoch, values in metrics[id].items()},
                error=error,
                attempts=attempts[id],
                epochs=self.read_history(id) if epochs else [],
            )
            for id, of, seed, fold, status, folder, settings, error in self._fetch_all(query, trial, trial)
        ]

    @_explain_damage_of
    def read_run(self, id: int) -> Run:
        """Read one run, without metrics, attempts and epochs."""
        columns = "id, trial, seed, fold, status, folder, settings, error"
        ((_, trial, seed, fold, status, folder, settings, error),) = self._fetch_all(
            f"SELECT {columns} FROM run WHERE id = ?", id
        )
        return Run(id, trial, seed, fold, status, folder, _parse_table(settings), {}, error)

    @_explain_damage_of
    def find_best(self) -> Trial | None:
        """Find the complete trial with the best objective within all limits; None if there is none."""
        objective = self.objective
        candidates = [
            trial
            for trial in self.read_trials(runs=False)
            if trial.status == COMPLETE and trial.objective is not None and objective.is_within_limits(trial.limited)
        ]
        return max(candidates, key=lambda trial: objective.sign * (trial.objective or 0.0), default=None)

    @_explain_damage_of
    def read_curve(self, name: str, run: int) -> list[tuple[int, float]]:
        """Read a metric of a run by epoch, as pairs (epoch, value); values that are not finite are left out."""
        values = [(int(row["epoch"]), row.get(name)) for row in self.read_history(run)]
        return [(epoch, float(value)) for epoch, value in values if value is not None and math.isfinite(value)]

    @_explain_damage_of
    def read_complete_curves(self, name: str, fold: str | None) -> list[list[tuple[int, float]]]:
        """Read a metric by epoch of every complete run of a fold; see `read_curve`."""
        runs = self._fetch_all("SELECT id FROM run WHERE status = ? AND fold IS ? ORDER BY id", COMPLETE, fold)
        return [self.read_curve(name, run) for (run,) in runs]

    @_explain_damage_of
    def read_history(self, run: int) -> list[dict[str, Any]]:
        """Read the rows of a run's history."""
        return [
            _parse_table(row) for (row,) in self._fetch_all("SELECT row FROM epoch WHERE run = ? ORDER BY epoch", run)
        ]

    @_explain_damage_of
    def read_seconds(self) -> float:
        """Read the total time of all sessions, s."""
        return float(self._fetch_all("SELECT COALESCE(SUM(seconds), 0) FROM session")[0][0])

    @_explain_damage_of
    def count_runs(self) -> Counts:
        """Count runs and attempts by status."""
        attempt = dict(self._fetch_all("SELECT status, COUNT(*) FROM attempt GROUP BY status"))
        run = dict(self._fetch_all("SELECT status, COUNT(*) FROM run GROUP BY status"))
        twice = "SELECT run FROM attempt WHERE status IN (?, ?, ?) GROUP BY run HAVING COUNT(*) > 1"
        return Counts(
            started=sum(attempt.values()),
            lost=attempt.get(LOST, 0),
            interrupted=attempt.get(INTERRUPTED, 0),
            retried=self._fetch_all("SELECT COUNT(*) FROM attempt WHERE number > 1")[0][0],
            finished=sum(run.get(status, 0) for status in _ENDS),
            duplicated=self._fetch_all(f"SELECT COUNT(*) FROM ({twice})", COMPLETE, STOPPED, DIVERGED)[0][0],
            open=run.get(WAITING, 0) + run.get(RUNNING, 0),
            skipped=run.get(SKIPPED, 0),
        )

    trials = old_method("trials", "read_trials")
    trial = old_method("trial", "read_trial")
    runs = old_method("runs", "read_runs")
    best = old_method("best", "find_best")
    history = old_method("history", "read_history")
    counts = old_method("counts", "count_runs")

    def _fetch_all(self, query: str, *values: Any) -> Sequence[Any]:
        return self._connection.execute(query, values).fetchall()
