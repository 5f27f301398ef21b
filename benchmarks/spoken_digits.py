"""How well does a recurrent spiking network tell spoken digits, beside a linear classifier?

2500 recordings by five speakers (Free Spoken Digit Dataset), 256 recurrent hidden neurons, base settings, no
augmentation: the data set's own split, and leave-one-speaker-out. The linear classifier (`benchmarks.linear`) has the
same splits.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold
from threadpoolctl import threadpool_limits

from benchmarks.linear import compute_features, predict
from benchmarks.report import BLUE, FAINT, INK, ORANGE, Report, make_parser, print_table, use_style
from benchmarks.training import format_command, train_preset
from genn_shd import DataError, Dataset, SpikeTrains, load_dataset
from genn_shd.backends.native.threads import count_available_threads
from genn_shd.datasets import splits

OFFICIAL, LOSO = "official split", "leave-one-speaker-out"


# --- linear classifier ----------------------------------------------------------------------------------------------


def score_linear_official(data: Dataset) -> dict[str, float]:
    """Score the linear classifier on the official test set and on the training set."""
    assert data.test is not None
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    found, training = predict(compute_features(data.train), data.train.labels, compute_features(data.test), folds)
    return {"test": float(np.mean(found == data.test.labels)), "training": training}


def score_linear_left_out(trains: SpikeTrains, names: tuple[str, ...]) -> dict[str, Any]:
    """Score the linear classifier on each speaker left out.

    The regularisation is chosen by leaving out one of the other speakers in turn.
    """
    x, by_speaker, training = compute_features(trains), {}, []
    for split in splits.leave_one_speaker_out(trains, names):
        train, held_out = split.train, split.validation
        found, fitted = predict(x[train], trains.labels[train], x[held_out], LeaveOneGroupOut(), trains.speakers[train])
        speaker = names[trains.speakers[held_out[0]]]
        by_speaker[speaker] = float(np.mean(found == trains.labels[held_out]))
        training.append(fitted)
    return {"test": float(np.mean(list(by_speaker.values()))), "training": float(np.mean(training)), "by": by_speaker}


# --- spiking network ----------------------------------------------------------------------------------------------


def train_official(preset: str, settings: list[str], folder: Path) -> dict[str, Any]:
    """Train on the official split; accuracies at the epoch of best training accuracy, and of the last one."""
    _, summary = train_preset(preset, settings, folder)
    best, last = summary["best"], summary["last"]
    return {
        "test": best["test_accuracy"],
        "training": best["training_accuracy"],
        "test_last": last["test_accuracy"],
        "epochs": summary["epochs"],
        "seconds": summary["seconds"],
    }


def train_left_out(preset: str, settings: list[str], folder: Path) -> dict[str, Any]:
    """Train without each speaker in turn; accuracies on that speaker, at epochs that are chosen without it."""
    _, summary = train_preset(preset, settings, folder)
    folds = summary["folds"].values()
    return {
        "test": summary["mean_accuracy_best"],
        "training": float(np.mean([fold["best"]["training_accuracy"] for fold in folds])),
        "test_last": summary["mean_accuracy_last"],
        "by": summary["fold_accuracy_best"],
        "epochs": max(fold["epochs"] for fold in folds),
        "seconds": summary["seconds"],
    }


def keep_figures(run: Path, names: dict[str, str], out: Path) -> None:
    """Copy a run's figures under names of their own."""
    out.mkdir(parents=True, exist_ok=True)
    for source, name in names.items():
        shutil.copy(run / "plots" / source, out / name)


# --- results ------------------------------------------------------------------------------------------------------


def list_accuracies(results: dict[str, Any]) -> list[float]:
    """List the accuracy of each group of bars: on both splits, and on each speaker left out."""
    return [results[OFFICIAL]["test"], results[LOSO]["test"], *results[LOSO]["by"].values()]


def make_group_axes(figure: Figure, speakers: list[str], title: str, top: float) -> tuple[Axes, np.ndarray]:
    """Make axes for accuracies up to `top`; returns them and the positions of the groups of bars."""
    groups = ["official\ntest", "speaker\nleft out\n(mean)", *speakers]
    places = np.arange(len(groups)) + 0.5 * (np.arange(len(groups)) >= 2)
    axes = figure.subplots()
    axes.set_xticks(places, groups)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="x", visible=False)
    axes.set(ylim=(0, top), ylabel="accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_title(title, loc="left")
    return axes, places


def draw(linear: dict[str, Any], spiking: dict[str, Any]) -> Figure:
    """Draw the accuracy of both, on both splits and on each speaker left out."""
    with use_style():
        figure = Figure(figsize=(9, 4.4))
        title = "Ten spoken digits, five speakers, no augmentation"
        axes, places = make_group_axes(figure, list(linear[LOSO]["by"]), title, 1.0)
        for shift, (label, colour, results) in enumerate(
            [("spiking network", BLUE, spiking), ("linear classifier", ORANGE, linear)]
        ):
            values = list_accuracies(results)
            bars = axes.bar(places + 0.38 * (shift - 0.5), values, width=0.36, color=colour, label=label)
            axes.bar_label(bars, [f"{100 * value:.0f}" for value in values], padding=2, fontsize=9, color=INK)
        axes.axhline(0.1, color=FAINT, linewidth=1, linestyle=":")
        axes.annotate("chance", (places[1:3].mean(), 0.1), (0, 2), textcoords="offset points", ha="center", color=FAINT)
        axes.legend(loc="upper right", ncols=2)
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Train both, print, draw, and keep the figures."""
    options = _options().parse_args(arguments)
    try:
        data, everything = load_dataset("fsdd"), load_dataset("fsdd", split="all")
    except DataError as error:
        print(f"skipped: {error}")
        sys.exit(0)
    if options.smoke:
        data, everything = take_twentieth(data), take_twentieth(everything)
    settings = [*options.set, *(["training.epochs=1", "network.num_hidden=32"] if options.smoke else [])]
    question = "Spoken digits: spiking network and linear classifier"
    report = Report.begin("spoken_digits", question, options, count_available_threads())
    for preset in ("fsdd", "fsdd_loso"):
        print(f"  {format_command(preset, settings)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        spiking = _train(settings, options.runs or Path(folder), report.folder)
    linear = compare_linear(data, everything)
    _print(linear, spiking)
    results = {"settings": settings, "linear": linear, "spiking": spiking}
    report.finish(results, count_available_threads(), {"spoken_digits": draw(linear, spiking)})


def _options() -> argparse.ArgumentParser:
    options = make_parser(__doc__)
    options.add_argument("--set", action="append", default=[], metavar="A.B=C", help="change a setting of both presets")
    options.add_argument("--runs", type=Path, help="keep the run folders here, and go on in those that are there")
    return options


def take_twentieth(dataset: Dataset) -> Dataset:
    """Take a twentieth of the samples, for a smoke test."""
    return replace(dataset, train=dataset.train.select(np.arange(0, len(dataset.train), 20)))


def compare_linear(data: Dataset, everything: Dataset) -> dict[str, Any]:
    """Score the linear classifier on both splits."""
    # These matrices are small: more threads of the algebra library only wait for one another.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # the weakest regularisation converges slowly, and loses
        return {
            OFFICIAL: score_linear_official(data),
            LOSO: score_linear_left_out(everything.train, everything.speaker_names),
        }


def _train(settings: list[str], runs: Path, figures: Path) -> dict[str, Any]:
    official, left_out = runs / "fsdd", runs / "fsdd_loso"
    results = {
        OFFICIAL: train_official("fsdd", settings, official),
        LOSO: train_left_out("fsdd_loso", settings, left_out),
    }
    names = {"training_curves.png": "fsdd_training_curves.png", "confusion_test.png": "fsdd_confusion.png"}
    keep_figures(official, names, figures)
    keep_figures(left_out, {"confusion_validation.png": "fsdd_loso_confusion.png"}, figures)
    return results


def _print(linear: dict[str, Any], spiking: dict[str, Any]) -> None:
    speakers = list(linear[LOSO]["by"])
    print()
    print_table(
        ["accuracy, %", "official test", "(training)", "speaker left out", "(training)", *speakers],
        [
            [
                name,
                *(f"{100 * results[split][part]:.1f}" for split in (OFFICIAL, LOSO) for part in ("test", "training")),
                *(f"{100 * results[LOSO]['by'][speaker]:.1f}" for speaker in speakers),
            ]
            for name, results in (("spiking network", spiking), ("linear classifier", linear))
        ],
    )
    last, seconds = (tuple(spiking[split][part] for split in (OFFICIAL, LOSO)) for part in ("test_last", "seconds"))
    print(
        "  Spiking network: one seed, at the epoch of best training accuracy (no test sample has a say);\n"
        f"  of the last epoch {100 * last[0]:.1f} and {100 * last[1]:.1f} %. "
        f"Trained in {seconds[0]:.0f} and {seconds[1]:.0f} s."
    )


if __name__ == "__main__":
    main()
