"""How well, and how fast, does the Yin-Yang preset learn?

Ten seeds (of initial weights and order of samples) on the official test set, at the epoch that is best on the
validation set. Published for EventProp: 98.1 +- 0.2 % (Wunderlich & Pehle, Sci. Rep. 11, 12829, 2021, ten seeds).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.report import BLUE, INK, SKY, Report, format_verdict, make_parser, print_table, use_style
from benchmarks.training import format_command, read_history, train_preset
from genn_shd.backends.native.threads import count_available_threads

PUBLISHED = 98.1  # per cent, mean of 10 seeds: what is asked, too
SECONDS = 180.0


def run(seed: int, settings: list[str], folder: Path) -> dict[str, Any]:
    """Train once; returns test accuracies (per cent), seconds, and accuracy by epoch."""
    started = time.perf_counter()
    _, summary = train_preset("yin_yang", [*settings, f"training.seed={seed}"], folder)
    seconds = time.perf_counter() - started
    return {
        "seed": seed,
        "test_accuracy": 100 * summary["best"]["test_accuracy"],
        "test_accuracy_of_last_epoch": 100 * summary["last"]["test_accuracy"],
        "best_epoch": summary["best"]["epoch"],
        "epochs": summary["epochs"],
        "seconds": seconds,
        "spikes_per_neuron": summary["last"]["spikes_per_neuron"],
        "test_accuracies": [row["test_accuracy"] for row in read_history(folder)],
    }


def draw(runs: list[dict[str, Any]], mean: float) -> Figure:
    """Draw the test accuracy over epochs, one line for each seed."""
    with use_style():
        figure = Figure(figsize=(8.2, 4.4))
        axes = figure.subplots()
        for run_of_seed in runs:
            curve = run_of_seed["test_accuracies"]
            axes.plot(range(1, len(curve) + 1), curve, color=SKY, linewidth=1, alpha=0.8)
        average = np.mean([run_of_seed["test_accuracies"] for run_of_seed in runs], axis=0)
        axes.plot(range(1, len(average) + 1), average, color=BLUE, linewidth=2)
        where = {"xycoords": axes.get_yaxis_transform(), "va": "center", "fontsize": 10}
        axes.axhline(PUBLISHED / 100, color=INK, linewidth=1.2, linestyle="--")
        axes.annotate(f"published {PUBLISHED} %", (1.01, PUBLISHED / 100), color=INK, **where)
        axes.set(xlabel="epoch", ylabel="test accuracy", ylim=(0.9, 1.0), xlim=(0, len(average)))
        axes.set_title(
            f"Yin-Yang: {len(runs)} seeds and their mean; {mean:.2f} % at the epochs best on validation",
            loc="left",
            color=INK,
        )
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Train, print, draw, and keep the figures."""
    options_of_all = make_parser(__doc__)
    options_of_all.add_argument("--seeds", type=int, default=10, help="number of seeds (default 10, as published)")
    options_of_all.add_argument(
        "--set", action="append", default=[], metavar="A.B=C", help="change a setting of the preset"
    )
    options = options_of_all.parse_args(arguments)
    seeds = 2 if options.smoke else options.seeds
    settings = [*options.set, *(["training.epochs=2"] if options.smoke else [])]
    report = Report.begin("yin_yang", "Accuracy and time of the Yin-Yang preset", options, count_available_threads())
    print(f"  {format_command('yin_yang', [*settings, 'training.seed=SEED'])}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        runs = [run(seed, settings, Path(folder, f"seed_{seed}")) for seed in range(seeds)]
    accuracies = [run_of_seed["test_accuracy"] for run_of_seed in runs]
    mean, spread = float(np.mean(accuracies)), float(np.std(accuracies, ddof=1))
    longest = max(run_of_seed["seconds"] for run_of_seed in runs)
    print_table(
        ["seed", "test accuracy", "at epoch", "of the last epoch", "spikes/neuron", "s"],
        [
            [
                r["seed"],
                f"{r['test_accuracy']:.2f} %",
                f"{r['best_epoch']} of {r['epochs']}",
                f"{r['test_accuracy_of_last_epoch']:.2f} %",
                f"{r['spikes_per_neuron']:.1f}",
                f"{r['seconds']:.0f}",
            ]
            for r in runs
        ],
    )
    print(f"  mean {mean:.2f} +- {spread:.2f} %" + _format_target(options.smoke, mean, PUBLISHED, at_most=False))
    print(f"  longest training {longest:.0f} s" + _format_target(options.smoke, longest, SECONDS, at_most=True))
    results = {
        "mean": mean,
        "standard_deviation": spread,
        "longest_seconds": longest,
        "settings": settings,
        "runs": runs,
    }
    report.finish(results, count_available_threads(), {"yin_yang": draw(runs, mean)})


def _format_target(smoke: bool, value: float, target: float, *, at_most: bool) -> str:
    return "" if smoke else f", target {format_verdict(value, target, at_most=at_most)}"


if __name__ == "__main__":
    main()
