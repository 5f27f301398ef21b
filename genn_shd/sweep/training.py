"""The function that a run executes: one training, which reports its metrics.

A sweep file may name another function instead (`function = "my_module:my_run"`). It is called like `train_run`, in the
process of the worker; the metrics that it returns can be objectives.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from ..config.schema import Config
from ..errors import SettingError
from ..runs.results import EpochMetrics, RunSummary
from ..training.callbacks import AfterEpoch
from ..training.data import prepare_data
from ..training.repeats import run_training
from .objective import Metrics
from .plan import load_once
from .workers.base import Reporter

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def train_run(config: Config, folder: Path, reporter: Reporter) -> Metrics:
    """Train, or resume the run in the folder, and return its metrics.

    Parameters
    ----------
    config : configuration of the run.
    folder : run folder; an existing run is resumed.
    reporter : gets the metrics of every epoch, and tells whether to stop.

    Returns
    -------
    `best` and `last`: metrics of these epochs; `run`: time to compile, to train and per epoch, s, and peak memory of
    the process, MiB.

    Raises
    ------
    Interrupted
        The reporter requested a stop.
    DivergedError
        A loss or a gradient is not finite.
    GennShdError
        A setting or file cannot be used.
    """
    # It would be the same for all trials, and take seconds for each.
    config, dataset = prepare_data(config.replace(**{"report.baseline": "none"}), load_once)
    _forget_peak_memory()
    report = AfterEpoch(lambda metrics: reporter.report_epoch(metrics.to_row()))
    summary = run_training(config, dataset, folder, reporter.stop, [report])
    if not isinstance(summary, RunSummary):
        raise SettingError("a run of a sweep is one training; it cannot have several seeds or leave speakers out.")
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
    """Reset the peak memory of this process, if the system can (Linux), as a process executes many runs."""
    try:
        _RESET.write_text("5")
    except OSError:
        return


def _measure_peak_memory() -> float:
    """Return the peak resident memory of this process, MiB; nan if the system does not report it."""
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:  # not a POSIX system
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
