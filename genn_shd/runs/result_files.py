"""Results of a run, written into its folder as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import DataError, DivergedError, SettingError
from ..system.files import write_text, write_whole
from ..system.progress import LOG
from .evaluation_report import PooledReport, RunReport
from .files import read_environment
from .paths import RunPaths
from .results import EpochMetrics, PartialSummary, Summary


class ResultFiles:
    """Writes the results of a run."""

    def __init__(self, run: RunPaths) -> None:
        self._run = run

    def write_history(self, epochs: Sequence[EpochMetrics]) -> None:
        """Write the metrics of all epochs; missing ones are left empty."""
        rows, text = [metrics.to_row() for metrics in epochs], io.StringIO()
        if rows:
            columns = dict.fromkeys(name for row in rows for name in row)
            writer = csv.DictWriter(text, list(columns), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        write_text(self._run.history_file, text.getvalue())

    def write_summary(self, summary: Summary | PartialSummary) -> None:
        """Write the summary of the run."""
        _write_json(self._run.summary_file, summary.to_json())

    def write_evaluation(self, report: RunReport | PooledReport) -> None:
        """Write the results of an evaluation."""
        _write_json(self._run.evaluation_file, report.to_json())

    def write_baseline(self, baseline: Mapping[str, Any]) -> None:
        """Write the accuracies of the linear classifier."""
        _write_json(self._run.baseline_file, baseline)

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Write the environment of a run; if it is resumed in another one, add the changes."""
        file = self._run.environment_file
        if not file.exists():
            _write_json(file, environment)
            return
        known = read_environment(file)
        latest = _take_latest(known)
        passing = ("time", "command", "resumed")
        changed = {key: value for key, value in environment.items() if latest.get(key) != value}
        if set(changed) - set(passing):
            for key in sorted(set(changed) - set(passing)):
                LOG.info("resuming with another %s: %s instead of %s", key, changed[key], latest.get(key))
            known.setdefault("resumed", []).append(changed)
            _write_json(file, known)

    def read_trained_with(self) -> dict[str, Any]:
        """Return the environment of the model when the run was last started or resumed; empty if unknown."""
        return dict(_take_latest(read_environment(self._run.environment_file)).get("model", {}))

    @contextmanager
    def conclude_after(self, complete: Sequence[str], missing: Sequence[str]) -> Iterator[None]:
        """List the missing parts in the summary while a part is trained, and if that is interrupted.

        Parameters
        ----------
        complete, missing : names of the folders of the parts.
        """
        file = self._run.summary_file
        before = file.read_bytes() if file.is_file() else None
        so_far = PartialSummary(self._run.name, list(complete), list(missing), "under way")
        self.write_summary(so_far)
        try:
            yield
        except (SettingError, DataError):  # the run was not resumed
            if before is None:
                file.unlink(missing_ok=True)
            else:
                write_whole(file, lambda opened: opened.write(before))
            raise
        except BaseException as end:
            status = "diverged" if isinstance(end, DivergedError) else "interrupted"
            self.write_summary(replace(so_far, status=status))
            raise


def _take_latest(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the environment in which a run was last started or resumed."""
    return {**environment, **(environment.get("resumed") or [{}])[-1]}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(_make_plain(content), indent=2, ensure_ascii=False) + "\n")


def _make_plain(value: Any) -> Any:
    """Return a value for JSON, in which numbers that are not finite are replaced by None."""
    if isinstance(value, Mapping):
        return {key: _make_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_make_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
