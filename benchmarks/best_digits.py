"""How well are voices told that a network never heard, with all that was found to help?

The preset `fsdd_best` on spoken digits, several seeds: leave-one-speaker-out, and, with fewer changes to the samples,
the data set's own split. Beside it the linear classifier of `benchmarks.spoken_digits`. Each training goes on where it
stopped.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.report import BLUE, INK, ORANGE, SCRATCH, Report, format_verdict, make_parser, print_table, use_style
from benchmarks.spoken_digits import (
    LOSO,
    OFFICIAL,
    compare_linear,
    keep_figures,
    list_accuracies,
    make_group_axes,
    take_twentieth,
    train_left_out,
    train_official,
)
from benchmarks.training import format_command
from genn_shd import DataError, load_dataset
from genn_shd.backends.native.threads import count_available_threads

PRESET = "fsdd_best"
SPLITS = {
    LOSO: [],
    # Voices that were heard need to be changed less, and then learn more in the same time.
    OFFICIAL: [
        "dataset.split=official",
        "validation.kind=none",
        "augmentation.dilate=[0.85,1.15]",
        "augmentation.blend=[]",
        "augmentation.frequency_mask=0",
        "training.epochs=40",
    ],
}
TARGETS = {LOSO: 0.65, OFFICIAL: 0.90}
SMOKE = ["training.epochs=1", "network.num_hidden=16", "simulation.dt=5.0"]


TRAIN = {LOSO: train_left_out, OFFICIAL: train_official}


def compute_statistics(runs: list[dict[str, Any]], name: str = "test") -> tuple[float, float]:
    """Compute mean and standard deviation over seeds."""
    values = [run[name] for run in runs]
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def draw(runs: dict[str, list[dict[str, Any]]], linear: dict[str, Any]) -> Figure:
    """Draw the accuracy of both on the official test set and on speakers left out; one dot for each seed."""
    seeds = list(
        zip(*(list_accuracies({split: runs[split][k] for split in runs}) for k in range(len(runs[LOSO]))), strict=True)
    )
    lines = list_accuracies(linear)
    with use_style():
        figure = Figure(figsize=(9, 4.4))
        speakers = list(linear[LOSO]["by"])
        axes, places = make_group_axes(figure, speakers, "Ten spoken digits, five speakers, augmented", 1.08)
        for shift, label, colour, values in (
            (-0.5, f"spiking network, mean of {len(runs[LOSO])} seeds", BLUE, [float(np.mean(s)) for s in seeds]),
            (0.5, "linear classifier", ORANGE, lines),
        ):
            axes.bar(places + 0.38 * shift, values, width=0.36, color=colour, label=label)
            for place, value, dots in zip(places + 0.38 * shift, values, seeds, strict=True):
                top = max(value, *dots) if shift < 0 else value  # of the bar, or of the dots on it
                axes.text(place, top + 0.015, f"{100 * value:.0f}", ha="center", fontsize=9, color=INK)
        for place, values in zip(places, seeds, strict=True):
            axes.plot([place - 0.19] * len(values), values, ".", color=INK, markersize=4)
        axes.legend(loc="upper right", ncols=2)
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Run the trainings without result, print, draw."""
    options = make_parser(__doc__)
    options.add_argument("--seeds", type=int, default=3, help="number of seeds (default: 3)")
    options.add_argument("--runs", type=Path, help="folder of the trainings (default: build/benchmarks/best_digits)")
    chosen = options.parse_args(arguments)
    seeds = 1 if chosen.smoke else chosen.seeds
    folder = chosen.runs or SCRATCH / ("best_digits-smoke" if chosen.smoke else "best_digits")
    report = Report.begin(
        "best_digits", "Spoken digits: the best configuration found", chosen, count_available_threads()
    )
    runs: dict[str, list[dict[str, Any]]] = {LOSO: [], OFFICIAL: []}
    try:
        data = [load_dataset("fsdd"), load_dataset("fsdd", split="all")]
    except DataError as error:
        print(f"skipped: {error}")
        sys.exit(0)
    linear = compare_linear(*(map(take_twentieth, data) if chosen.smoke else data))
    for split, own in SPLITS.items():
        settings = [*own, *(SMOKE if chosen.smoke else [])]
        print(f"  {format_command(PRESET, [*settings, 'training.seed=SEED'])}", flush=True)
        for seed in range(seeds):
            run = folder / f"{split.replace(' ', '_')}-{seed}"
            runs[split].append(TRAIN[split](PRESET, [*settings, f"training.seed={seed}"], run))
    keep_figures(folder / f"{LOSO}-0", {"confusion_validation.png": "best_digits_confusion.png"}, report.folder)
    _print(runs, linear, chosen.smoke)
    report.finish({"spiking": runs, "linear": linear}, count_available_threads(), {"best_digits": draw(runs, linear)})


def _print(runs: dict[str, list[dict[str, Any]]], linear: dict[str, Any], smoke: bool) -> None:
    rows = []
    for split, trainings in runs.items():
        mean, spread = compute_statistics(trainings)
        target = "" if smoke else format_verdict(mean, TARGETS[split], at_most=False)
        last, training = compute_statistics(trainings, "test_last")[0], compute_statistics(trainings, "training")[0]
        rows.append(
            [
                split,
                f"{100 * mean:.1f} +- {100 * spread:.1f}",
                target,
                f"{100 * last:.1f}",
                f"{100 * training:.1f}",
                f"{100 * linear[split]['test']:.1f}",
                f"{np.mean([run['seconds'] for run in trainings]):.0f}",
            ]
        )
    print()
    print_table(
        ["accuracy, %", "spiking network", "target", "last epoch", "(training)", "linear classifier", "s"], rows
    )
    by = {speaker: [100 * run["by"][speaker] for run in runs[LOSO]] for speaker in runs[LOSO][0]["by"]}
    print_table(
        ["speaker left out, %", "spiking network", "linear classifier"],
        [
            [speaker, f"{np.mean(values):.1f}", f"{100 * linear[LOSO]['by'][speaker]:.1f}"]
            for speaker, values in by.items()
        ],
    )


if __name__ == "__main__":
    main()
