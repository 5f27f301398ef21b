"""The function that a run calls: one training, which reports its metrics.

A sweep file may name another function instead (`function = "my_module:my_run"`). It is called as `train_run` is, in
whichever process the run was given to; a metric it returns can be an objective.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from ..config.schema import Config
from ..errors import SettingError
from ..runs.results import EpochMetrics, RunSummary
from ..training.callbacks import AfterEpoch
from ..training.data import prepare
from ..training.repeats import train
from .objective import Metrics
from .plan import load_once
from .workers.base import Reporter

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def train_run(config: Config, folder: Path, reporter: Reporter) -> Metrics:
    """Train, or go on in the folder, and return the metrics.

    Parameters
    ----------
    config : of the run.
    folder : of the run; a run that is there already is resumed.
    reporter : is told every epoch, and says when to stop.

    Returns
    -------
    `best` and `last`: the rows of the history; `run`: seconds to compile, to train and per epoch, and peak memory in
    MiB of the process while it ran.

    Raises
    ------
    Interrupted
        The reporter asked to stop.
    DivergedError
        A loss or gradient is not finite.
    GennShdError
        Settings or data that cannot be used.
    """
    # The same for all trials, and seconds for each.
    config, dataset = prepare(config.replace(**{"report.baseline": "none"}), load_once)
    _forget_peak_memory()
    report = AfterEpoch(lambda metrics: reporter.epoch(metrics.to_row()))
    summary = train(config, dataset, folder, reporter.stop, [report])
    if not isinstance(summary, RunSummary):
        raise SettingError("a run of a sweep is one training: give it neither several seeds nor speakers left out.")
    return {"best": _select_numbers(summary.best), "last": _select_numbers(summary.last), "run": _measure_run(summary)}


def _measure_run(summary: RunSummary) -> dict[str, float]:
    return {
        "compile_seconds": summary.compile_seconds,
        "train_seconds": summary.seconds,
        "seconds_per_epoch": summary.seconds / summary.epochs,
        "peak_memory": _measure_peak_memory(),
        "num_parameters": summary.num_parameters,
    }


def _select_numbers(metrics: EpochMetrics | None) -> dict[str, float]:
    row = metrics.to_row() if metrics else {}
    return {name: value for name, value in row.items() if isinstance(value, int | float)}


def _forget_peak_memory() -> None:
    """Reset the peak of this process's memory, where the system can (Linux); a process makes many runs."""
    try:
        _RESET.write_text("5")
    except OSError:
        return


def _measure_peak_memory() -> float:
    """Highest resident memory of this process, MiB; nan where the system does not tell."""
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:  # no POSIX system
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
