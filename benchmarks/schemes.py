"""Does the exact scheme train better? Spoken digits with both schemes at fine and coarse steps.

`python -m benchmarks.schemes [--protocol official|loso] [--smoke] [--workers N] [--runs DIR]` trains through
`python -m genn_shd.train` on the preset's settings, resumes where it was stopped, and prints a row for each scheme and
step: loss on training samples, accuracy on the official test set or the speaker left out (mean over folds and
seeds, last epoch), and epochs until 80 % of the best mean accuracy. Writes docs/figures/schemes_PROTOCOL.png and .json.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from genn_shd import DataError, load_dataset

FIGURES = Path(__file__).parent.parent / "docs" / "figures"
SCHEMES, STEPS, SEEDS, EPOCHS = ("exact", "grid"), (1.0, 2.0, 5.0, 10.0), (0, 1, 2), 12


@dataclass(frozen=True)
class Protocol:
    """A preset, and the column of its accuracies on samples that were not trained on."""

    name: str
    preset: str
    histories: str
    column: str
    tested_on: str


PROTOCOLS = {
    "official": Protocol("official split", "fsdd", "history.csv", "test_accuracy", "official test set"),
    "loso": Protocol(
        "leave-one-speaker-out", "fsdd_loso", "fold_*/history.csv", "validation_accuracy", "speaker left out"
    ),
}
SETTINGS = {"simulation.num_threads": 1}  # over the preset's, the same for both


@dataclass(frozen=True)
class Point:
    """One scheme at one step; accuracies are on samples that were not trained on."""

    scheme: str
    dt: float
    training_loss: float
    mean: float
    std_of_seeds: float
    best: float
    epochs_to_80_percent: int
    curve: list[float]


def main() -> int:
    """Run or finish all trainings, then print, draw and store the result."""
    options = _parse_options()
    try:
        load_dataset("fsdd", split="all")
    except DataError as error:
        print(f"skipped: {error}")
        return 0
    seeds, epochs = ((0,), 2) if options.smoke else (SEEDS, EPOCHS)
    jobs = list(itertools.product(seeds, STEPS, SCHEMES))
    with ThreadPoolExecutor(options.workers) as pool:
        list(pool.map(lambda job: _train(options, *job, epochs), jobs))
    points = [_make_point(options, scheme, dt, seeds) for scheme, dt in itertools.product(SCHEMES, STEPS)]
    _print(points)
    if not options.smoke:
        FIGURES.mkdir(parents=True, exist_ok=True)
        name = f"schemes_{options.protocol}"
        (FIGURES / f"{name}.json").write_text(json.dumps([asdict(p) for p in points], indent=1) + "\n")
        _draw(points, PROTOCOLS[options.protocol], FIGURES / f"{name}.png")
    return 0


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.schemes", description=__doc__)
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="loso", help="what to test on (default: loso)")
    parser.add_argument("--smoke", action="store_true", help="one seed, two epochs")
    parser.add_argument("--workers", type=int, default=2, help="trainings at a time, one thread each (default: 2)")
    parser.add_argument("--runs", type=Path, default=Path("runs/schemes"), help="run folders (default: runs/schemes)")
    return parser.parse_args()


def _name_folder(options: argparse.Namespace, seed: int, dt: float, scheme: str) -> Path:
    return options.runs / options.protocol / f"{scheme}_dt{dt:g}_seed{seed}"


def _train(options: argparse.Namespace, seed: int, dt: float, scheme: str, epochs: int) -> None:
    settings = SETTINGS | {
        "training.seed": seed,
        "training.epochs": epochs,
        "simulation.dt": dt,
        "simulation.scheme": scheme,
    }
    command = [
        sys.executable,
        "-m",
        "genn_shd.train",
        "--preset",
        PROTOCOLS[options.protocol].preset,
        "--out",
        str(_name_folder(options, seed, dt, scheme)),
    ]
    for name, value in settings.items():
        command += ["--set", f"{name}={json.dumps(value)}"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{result.stderr}")


def _make_point(options: argparse.Namespace, scheme: str, dt: float, seeds: tuple[int, ...]) -> Point:
    protocol = PROTOCOLS[options.protocol]
    curves, losses = [], []
    for seed in seeds:
        folds = [
            _read_history(path) for path in sorted(_name_folder(options, seed, dt, scheme).glob(protocol.histories))
        ]
        curves.append(np.mean([[float(row[protocol.column]) for row in fold] for fold in folds], axis=0))
        losses += [float(fold[-1]["training_loss"]) for fold in folds]
    mean = np.mean(curves, axis=0)
    return Point(
        scheme=scheme,
        dt=dt,
        training_loss=float(np.mean(losses)),
        mean=float(mean[-1]),
        std_of_seeds=float(np.std([c[-1] for c in curves])),
        best=float(mean.max()),
        epochs_to_80_percent=int(np.argmax(mean >= 0.8 * mean.max())) + 1,
        curve=[float(a) for a in mean],
    )


def _read_history(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _print(points: list[Point]) -> None:
    print("scheme  dt/ms  training loss  accuracy at the end  best mean  epochs to 80 % of best")
    for p in points:
        accuracy = f"{100 * p.mean:6.1f} +- {100 * p.std_of_seeds:3.1f} %"
        best = f"{100 * p.best:.1f} %"
        print(
            f"{p.scheme:6}  {p.dt:5g}  {p.training_loss:13.3f}  {accuracy:>19}  {best:>9}  {p.epochs_to_80_percent:22d}"
        )


def _draw(points: list[Point], protocol: Protocol, path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    colours = {"exact": "#0072B2", "grid": "#D55E00"}
    for scheme in SCHEMES:
        chosen = [p for p in points if p.scheme == scheme]
        axes[0].errorbar(
            [p.dt for p in chosen],
            [100 * p.mean for p in chosen],
            [100 * p.std_of_seeds for p in chosen],
            marker="o",
            capsize=3,
            color=colours[scheme],
            label=scheme,
        )
        for p in chosen:
            if p.dt in (STEPS[0], STEPS[-1]):
                style = "-" if p.dt == STEPS[0] else "--"
                label = f"{scheme}, dt = {p.dt:g} ms"
                epochs = np.arange(1, len(p.curve) + 1)
                axes[1].plot(epochs, 100 * np.array(p.curve), style, color=colours[scheme], label=label)
    axes[0].set(xscale="log", xlabel="time step dt / ms", ylabel=f"accuracy, {protocol.tested_on} / %")
    axes[0].set_xticks(STEPS, [f"{dt:g}" for dt in STEPS])
    axes[0].minorticks_off()
    axes[1].set(xlabel="epoch", ylabel=f"accuracy, {protocol.tested_on} / %")
    for ax in axes:
        ax.grid(alpha=0.3)
        ax.legend(frameon=False, fontsize=8)
    figure.suptitle(f"Spoken digits, {protocol.name}: spikes inside steps and on the grid", fontsize=10)
    figure.savefig(path, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
