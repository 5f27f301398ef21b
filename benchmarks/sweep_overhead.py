"""What does a sweep cost beyond its trials, and do four workers lose anything against as many as there are processors?

Trials here train nothing. They compute for a fixed time of their own processor, so that what is left is the machinery:
starting processes, choosing trials by Bayesian optimisation, sending, writing. The overhead is in processor time of all
processes, which other work on the machine does not change; wall time is beside it.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.report import Report, format_verdict, make_parser, print_table
from genn_shd import Config, SweepReader
from genn_shd.backends.native.threads import count_available_threads
from genn_shd.sweep import plan as plans
from genn_shd.sweep.command import run
from genn_shd.sweep.objective import Metrics
from genn_shd.sweep.sweep_file import SweepFile
from genn_shd.sweep.workers.base import Reporter
from genn_shd.sweep.workers.processes import Processes, share_threads
from genn_shd.system.interrupt import StopRequest

TARGET = 0.05
_EPOCHS = 10


def compute(config: Config, folder: Path, reporter: Reporter) -> Metrics:
    """Use as many seconds of processor time as `optimiser.epsilon` says, in ten epochs; returns a value to maximise."""
    value = -((config.network.tau_mem - 20.0) ** 2) - (config.network.tau_syn - 5.0) ** 2  # type: ignore[operator]
    for epoch in range(1, _EPOCHS + 1):
        end = time.process_time() + config.optimiser.epsilon / _EPOCHS
        while time.process_time() < end:
            sum(range(1000))
        reporter.report_epoch({"epoch": epoch, "validation_accuracy": value})
    return {"best": {"validation_accuracy": value}}


def make_sweep(trials: int, seconds: float) -> SweepFile:
    """Make a Bayesian sweep over six parameters, of trials that compute for some seconds."""
    names = ("tau_mem", "tau_syn", "output_tau_mem", "output_tau_syn")
    space: dict[str, Any] = {f"network.{name}": {"float": [5.0, 40.0]} for name in names}
    space["regularisation.upper"] = {"float": [5.0, 30.0]}
    space["optimiser.learning_rate"] = {"log_float": [1e-4, 1e-2]}
    return SweepFile.from_values(
        {
            "title": "overhead",
            "preset": "yin_yang",
            "settings": {"optimiser.epsilon": seconds, "regularisation.lower": 0.0},
            "function": "benchmarks.sweep_overhead:compute",
            "space": space,
            "strategy": {"name": "bayesian", "initial": max(2, trials // 3)},
            "budget": {"trials": trials},
        }
    )


def measure(trials: int, seconds: float, workers: int, processors: int) -> dict[str, float]:
    """Measure wall and processor time of a sweep, from before its workers start until they have ended."""
    with tempfile.TemporaryDirectory() as folder:
        started, used = time.perf_counter(), _read_processor_seconds()
        plan = plans.make_plan(make_sweep(trials, seconds))
        run(plan, Path(folder), lambda: Processes(workers, share_threads(workers, processors)), StopRequest())
        wall = time.perf_counter() - started
        used = _read_processor_seconds() - used
        with SweepReader(Path(folder)) as reader:
            finished = reader.count_runs().finished
    alone = finished * seconds
    return {"workers": workers, "wall": wall, "used": used, "alone": alone, "overhead": used / alone - 1}


def _read_processor_seconds() -> float:
    """Read the processor time of this process and its children, s."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, keep."""
    options = _options().parse_args(arguments)
    trials, seconds = (4, 0.2) if options.smoke else (options.trials, options.seconds)
    processors = count_available_threads()
    question = (
        f"Overhead of a sweep: {trials} Bayesian trials of {seconds:g} s of one processor, {processors} processors"
    )
    report = Report.begin("sweep_overhead", question, options, 1)
    rows = [measure(trials, seconds, workers, processors) for workers in dict.fromkeys((processors, 4))]
    print_table(
        ["workers", "processor time, s", "of it trials, s", "overhead", "target", "wall, s"],
        [
            [
                r["workers"],
                f"{r['used']:.1f}",
                f"{r['alone']:.1f}",
                f"{100 * r['overhead']:.1f} %",
                format_verdict(r["overhead"], TARGET, at_most=True),
                f"{r['wall']:.1f}",
            ]
            for r in rows
        ],
    )
    if len(rows) > 1:
        print(f"  {rows[1]['workers']} workers take {rows[1]['wall'] / rows[0]['wall']:.3f} x what {processors} take.")
    report.finish({"trials": trials, "seconds": seconds, "processors": processors, "rows": rows}, 1)


def _options() -> argparse.ArgumentParser:
    options = make_parser(__doc__)
    options.add_argument("--trials", type=int, default=40, help="trials of each sweep (default: 40)")
    options.add_argument("--seconds", type=float, default=10.0, help="processor time of each trial (default: 10)")
    return options


if __name__ == "__main__":
    main()
