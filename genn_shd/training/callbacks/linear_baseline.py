"""The callback that computes the accuracy of a linear classifier, as a baseline."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import DataError
from ...runs.files import read_baseline
from ...runs.results import describe_accuracies
from ...system.progress import LOG
from .. import baseline
from ..data import prepare_for_evaluation
from .base import Callback, Status

if TYPE_CHECKING:
    from ..trainer import Trainer


class LinearBaseline(Callback):
    """Fits a linear classifier to the samples of a run after the last epoch, and writes `baseline.json`.

    An existing `baseline.json`, from a run of fewer epochs, is kept. If the classifier cannot be fitted, training ends
    without it, and the log says why.
    """

    def on_train_begin(self, trainer: Trainer) -> None:
        """Check an existing `baseline.json`.

        Raises
        ------
        DataError
            `baseline.json` is damaged.
        """
        read_baseline(trainer.folder.baseline_file)

    def on_train_end(self, trainer: Trainer, status: Status) -> None:
        if status != "complete" or trainer.folder.baseline_file.exists():
            return
        try:
            self._fit(trainer)
        except DataError as reason:
            LOG.info("no linear classifier for comparison: %s", reason)
        except Exception as error:
            LOG.warning("no linear classifier for comparison: %s: %s", type(error).__name__, error)

    def _fit(self, trainer: Trainer) -> None:
        started = time.perf_counter()
        train = prepare_for_evaluation(trainer.config, trainer.samples.train)
        accuracies = baseline.classify(replace(trainer.samples, train=train))
        seconds = round(time.perf_counter() - started, 3)
        trainer.folder.results.write_baseline({"kind": "linear", "accuracy": accuracies, "seconds": seconds})
        LOG.info("linear classifier: %s, in %.1f s", describe_accuracies(accuracies), seconds)
