"""A table of the time that each epoch spent on each kind of work."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ...runs.files import read_table
from ...system.files import write_text
from ...system.progress import LOG
from .base import Callback

if TYPE_CHECKING:
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer


class EpochTimings(Callback):
    """Logs the time of each kind of work in every epoch, and writes a table; for a model compiled with `profile=True`.

    The table is `timings.csv`, with one row per epoch, in seconds. Rows of earlier epochs are kept.
    """

    def __init__(self) -> None:
        self._before: dict[str, float] = {}
        self._rows: list[dict[str, Any]] = []

    def on_train_begin(self, trainer: Trainer) -> None:
        """Read the rows of earlier epochs.

        Raises
        ------
        DataError
            The table is damaged.
        """
        path = trainer.folder.timings_file
        self._rows += read_table(path)
        if not all(str(row.get("epoch")).isdecimal() for row in self._rows):
            raise DataError(f"{path}: this file is damaged; delete it, and train again.")

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        now = trainer.model.timings
        spent = {kind: round(seconds - self._before.get(kind, 0.0), 6) for kind, seconds in now.items()}
        self._before = now
        LOG.info("seconds on %s", ", ".join(f"{kind} {seconds:.3f}" for kind, seconds in spent.items()))
        kept = [old for old in self._rows if int(old["epoch"]) < metrics.epoch]
        self._rows = [*kept, {"epoch": metrics.epoch, **spent}]
        write_text(trainer.folder.timings_file, self._format_table())

    def _format_table(self) -> str:
        text = io.StringIO()
        kinds = dict.fromkeys(name for row in self._rows for name in row)
        writer = csv.DictWriter(text, list(kinds), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        return text.getvalue()
