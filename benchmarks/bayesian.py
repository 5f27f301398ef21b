"""Does Bayesian optimisation find better networks than random search, trial for trial?

Spoken digits, one speaker left out: accuracy on that speaker over six parameters (learning rate, membrane and synaptic
time constants, strength of regularisation, scale of initial weights, scale of the loss). The same number of trials and
the same training for both; several repeats, each with seeds of its own. The best of many trials is lucky, too: each
sweep's best parameters are trained again with other seeds. Sweeps are kept and resumed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from benchmarks.report import BLUE, ORANGE, SCRATCH, Report, make_parser, print_table, use_style
from benchmarks.workers import start_processes
from genn_shd import DataError, SweepReader, load_config, prepare_data, run_training
from genn_shd.backends.native.threads import count_available_threads
from genn_shd.sweep import plan as plans
from genn_shd.sweep.command import run
from genn_shd.sweep.records import COMPLETE
from genn_shd.sweep.sweep_file import SweepFile
from genn_shd.sweep.workers.processes import Processes, share_threads
from genn_shd.system.interrupt import StopRequest
from genn_shd.system.progress import show_log

STRATEGIES = ("bayesian", "random")
NEW_SEEDS = (10, 11, 12)
SPACE: dict[str, Any] = {
    "optimiser.learning_rate": {"log_float": [1e-4, 3e-2]},
    "tau_mem": {"log_float": [5.0, 100.0], "sets": ["network.tau_mem", "network.output_tau_mem"]},
    "tau_syn": {"log_float": [2.0, 40.0], "sets": ["network.tau_syn", "network.output_tau_syn"]},
    "strength": {"log_float": [1e-9, 1e-5], "sets": ["regularisation.strength_upper", "regularisation.strength_lower"]},
    "weight_scale": {
        "log_float": [0.1, 10.0],
        "sets": {"network.weights.input_hidden.mean": 0.01, "network.weights.input_hidden.std": 0.03},
    },
    "loss.loss_scale": {"log_float": [0.3, 100.0]},
}
SETTINGS = {"network.num_hidden": 128, "simulation.dt": 2.0, "training.epochs": 12}
SMOKE = {"network.num_hidden": 8, "simulation.dt": 10.0, "training.epochs": 1}


def make_sweep(strategy: str, repeat: int, trials: int, speaker: str, smoke: bool) -> SweepFile:
    """Make one sweep, with the seeds of its repeat."""
    return SweepFile.from_values(
        {
            "title": f"{strategy} search, repeat {repeat}",
            "preset": "fsdd_loso",
            "settings": SMOKE if smoke else SETTINGS,
            "space": SPACE,
            "strategy": {"name": strategy, "seed": repeat},
            "repeats": {"seeds": [repeat], "folds": [speaker]},
            "objective": {"metric": "validation_accuracy", "epoch": "last"},
            "budget": {"trials": trials},
        }
    )


def list_best_so_far(folder: Path) -> list[float]:
    """List the best accuracy after each trial, in the order of their choice; a failed trial improves nothing."""
    with SweepReader(folder) as reader:
        trials = reader.read_trials(runs=False)
    values = [trial.objective if trial.status == COMPLETE else 0.0 for trial in trials]
    return np.maximum.accumulate([value or 0.0 for value in values]).tolist()


def average_trials(folder: Path) -> float:
    """Average the accuracy of a sweep's trials that were trained to the end."""
    with SweepReader(folder) as reader:
        values = [
            t.objective for t in reader.read_trials(runs=False) if t.status == COMPLETE and t.objective is not None
        ]
    return float(np.mean(values))


def find_best_run(folder: Path) -> Path:
    """Find the run folder of a sweep's best trial."""
    with SweepReader(folder) as reader:
        best = reader.find_best()
        assert best is not None, f"{folder}: no trial was trained to the end"
        return folder / reader.read_runs(trial=best.number)[0].folder


def train_again(run: Path, seed: int, folder: Path) -> float:
    """Train a run again with another seed; returns its accuracy."""
    settings = [f"training.seed={seed}", "simulation.num_threads=1"]
    config, dataset = prepare_data(load_config(file=run / "config.toml", settings=settings))
    return float(run_training(config, dataset, folder)["last"]["validation_accuracy"])


def confirm(runs: Path, repeats: int, processors: int) -> dict[str, list[list[float]]]:
    """Train the best parameters again with seeds that did not choose them; accuracies by strategy and repeat."""
    places = [(strategy, repeat) for strategy in STRATEGIES for repeat in range(repeats)]
    with start_processes(processors) as pool:
        futures = {
            (strategy, repeat): [
                pool.submit(train_again, find_best_run(folder), seed, folder / "again" / f"seed_{seed}")
                for seed in NEW_SEEDS
            ]
            for strategy, repeat in places
            for folder in [runs / f"{strategy}_{repeat}"]
        }
        return {s: [[f.result() for f in futures[s, r]] for r in range(repeats)] for s in STRATEGIES}


def draw(curves: dict[str, list[list[float]]]) -> Figure:
    """Draw the best accuracy over trials: the mean over repeats, and each of them."""
    with use_style():
        figure = Figure(figsize=(7.5, 4.4))
        axes = figure.subplots()
        for strategy, colour in zip(STRATEGIES, (BLUE, ORANGE), strict=True):
            runs = np.array(curves[strategy])
            trials = np.arange(1, runs.shape[1] + 1)
            for k, values in enumerate(runs):
                label = "each repeat" if strategy == STRATEGIES[0] and k == 0 else None
                axes.step(trials, values, where="post", color=colour, linewidth=0.8, alpha=0.5, label=label)
            label = f"{strategy}, mean of {len(runs)}"
            axes.step(trials, runs.mean(axis=0), where="post", color=colour, linewidth=2.5, label=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="trials", ylabel="best accuracy on the speaker left out so far", xlim=(1, None))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axes.legend(loc="lower right")
        axes.set_title("Six parameters of a spiking network on spoken digits", loc="left")
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Run the sweeps without result, print, draw."""
    options = _options().parse_args(arguments)
    trials, repeats = (3, 1) if options.smoke else (options.trials, options.repeats)
    processors = count_available_threads()
    question = f"Bayesian against random search: {trials} trials over {len(SPACE)} parameters, {repeats} repeats"
    report = Report.begin("bayesian", question, options, processors)
    runs = options.runs or SCRATCH / ("bayesian-smoke" if options.smoke else "bayesian")
    curves: dict[str, list[list[float]]] = {strategy: [] for strategy in STRATEGIES}
    for repeat in range(repeats):
        for strategy in STRATEGIES:  # turn and turn about, so that what is there compares at any time
            folder = runs / f"{strategy}_{repeat}"
            file = make_sweep(strategy, repeat, trials, options.speaker, options.smoke)
            _run(file, folder, options.workers or processors, processors)
            curves[strategy].append(list_best_so_far(folder))
    again = confirm(runs, repeats, processors)
    means = {s: [average_trials(runs / f"{s}_{repeat}") for repeat in range(repeats)] for s in STRATEGIES}
    _print(curves, means, again)
    results = {
        "settings": SETTINGS,
        "space": SPACE,
        "speaker": options.speaker,
        "best_so_far": curves,
        "mean_of_trials": means,
        "best_again": again,
    }
    report.finish(results, processors, {"bayesian": draw(curves)})


def _run(file: SweepFile, folder: Path, workers: int, processors: int) -> None:
    try:
        plan = plans.make_plan(file)
    except DataError as error:
        print(f"skipped: {error}")
        sys.exit(0)
    with StopRequest().listen() as stop, show_log():
        run(plan, folder, lambda: Processes(workers, share_threads(workers, processors)), stop)


def _print(curves: dict[str, list[list[float]]], means: dict[str, list[float]], again: dict[str, Any]) -> None:
    count = len(curves[STRATEGIES[0]][0])
    shown = sorted({k for k in (5, 10, 20, 30, 40, count) if k <= count})
    print()
    print_table(
        ["best accuracy, %", *(f"after {k}" for k in shown), "each repeat at the end"],
        [
            [
                strategy,
                *(f"{100 * np.mean([c[k - 1] for c in curves[strategy]]):.1f}" for k in shown),
                ", ".join(f"{100 * c[-1]:.1f}" for c in curves[strategy]),
            ]
            for strategy in STRATEGIES
        ],
    )
    print_table(
        ["accuracy, %", "mean of all trials", "the best", f"the best with seeds {NEW_SEEDS}", "each repeat"],
        [
            [
                strategy,
                f"{100 * np.mean(means[strategy]):.1f}",
                f"{100 * np.mean([c[-1] for c in curves[strategy]]):.1f}",
                f"{100 * np.mean(again[strategy]):.1f}",
                ", ".join(f"{100 * np.mean(values):.1f}" for values in again[strategy]),
            ]
            for strategy in STRATEGIES
        ],
    )


def _options() -> argparse.ArgumentParser:
    options = make_parser(__doc__)
    options.add_argument("--trials", type=int, default=40, help="trials of each sweep (default: 40)")
    options.add_argument("--repeats", type=int, default=3, help="sweeps of each strategy (default: 3)")
    options.add_argument("--speaker", default="lucas", help="the speaker left out (default: lucas)")
    options.add_argument("--workers", type=int, help="worker processes (default: one a processor)")
    options.add_argument("--runs", type=Path, help="folder of the sweeps (default: build/benchmarks/bayesian)")
    return options


if __name__ == "__main__":
    main()
