"""What each epoch spent on which kind of work, as a table in the run folder."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from ..backends.base import Model
from ..errors import DataError
from ..runs.files import read_table
from ..system.files import write_text
from ..system.progress import LOG


class EpochTimings:
    """Called after every epoch of a model compiled with `profile=True`: says what it spent, and keeps a table.

    Parameters
    ----------
    model : what is trained.
    path : of the table, one row an epoch, seconds by kind of work; rows of epochs before are kept.

    Raises
    ------
    DataError
        There is such a table, but damaged.
    """

    def __init__(self, model: Model, path: Path) -> None:
        self._model, self._path = model, path
        self._before: dict[str, float] = {}
        self._rows: list[dict[str, Any]] = []
        self._rows += read_table(path)
        if not all(str(row.get("epoch")).isdecimal() for row in self._rows):
            raise DataError(f"{path}: this file is damaged; delete it, and train again.")

    def __call__(self, row: dict[str, Any]) -> None:
        now = self._model.timings
        spent = {kind: round(seconds - self._before.get(kind, 0.0), 6) for kind, seconds in now.items()}
        self._before = now
        LOG.info("seconds on %s", ", ".join(f"{kind} {seconds:.3f}" for kind, seconds in spent.items()))
        kept = [old for old in self._rows if int(old["epoch"]) < row["epoch"]]
        self._rows = [*kept, {"epoch": row["epoch"], **spent}]
        write_text(self._path, self._table())

    def _table(self) -> str:
        text = io.StringIO()
        kinds = dict.fromkeys(name for row in self._rows for name in row)
        writer = csv.DictWriter(text, list(kinds), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        return text.getvalue()
