"""Exact gradients beside surrogate ones: the same network, data and processor time, genn_shd and snnTorch.

Spoken digits, leave-one-speaker-out. Both train the same recurrent network of LIF neurons with exponential synapses, at
the same dt, with the same delayed copies of the input, initial weights' distribution, loss readout (`sum_exp`),
augmented samples, Adam, learning-rate schedule and batches, on one thread, in a process of its own for each fold, until
their processor time is spent. snnTorch backpropagates through all time steps with a fast sigmoid as surrogate
(`pip install genn_shd[bptt]`).
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from benchmarks.report import BLUE, FAINT, ORANGE, Report, make_parser, print_table, use_style
from benchmarks.workers import start_processes
from genn_shd import (
    Config,
    DataError,
    Dataset,
    EpochMetrics,
    load_config,
    load_dataset,
    prepare_data,
    run_training,
)
from genn_shd.system.interrupt import Interrupted, StopRequest
from genn_shd.training.build import build_network, get_trial_duration
from genn_shd.training.callbacks import AfterEpoch
from genn_shd.training.data import build_augmentation, partition
from genn_shd.training.learning_rate import LearningRate

PRESETS, MANY = ("fsdd_best", "fsdd_loso"), 1000
SETTINGS = (
    "simulation.num_threads=1",
    "network.num_hidden=128",
    "optimiser.warm_up_factor=1.15",
    f"training.epochs={MANY}",
)
SMOKE = ("network.num_hidden=8", "simulation.dt=20.0")
PARTIES = ("genn_shd", "snnTorch")
COLOURS = {"genn_shd": BLUE, "snnTorch": ORANGE}


@dataclass(frozen=True)
class Fold:
    """One training: program, speaker left out, time."""

    party: str
    speaker: str
    preset: str
    settings: tuple[str, ...]
    seconds: float
    slope: float

    def build_config(self) -> tuple[Config, Dataset]:
        """Make its configuration, the same for both programs, and the data."""
        config, dataset = prepare_data(load_config(self.preset, settings=[*SETTINGS, *self.settings]))
        return config.replace(validation={"kind": "speaker", "speakers": [self.speaker]}), dataset


@dataclass(frozen=True)
class Epoch:
    """The state of a training after an epoch.

    Attributes
    ----------
    seconds : processor time so far, evaluation of the speaker left out included.
    training_accuracy, accuracy : on batches as they were trained on, and on the speaker left out.
    loss : mean of the training batches.
    """

    seconds: float
    training_accuracy: float
    accuracy: float
    loss: float


@dataclass(frozen=True)
class Trained:
    """The result of a fold; memory in MiB: peak of the process, and the part that training added."""

    party: str
    speaker: str
    epochs: list[Epoch]
    peak_memory: float
    memory_of_training: float

    @property
    def best(self) -> Epoch:
        """The epoch of best training accuracy, chosen without the speaker left out."""
        return max(self.epochs, key=lambda epoch: (epoch.training_accuracy, -epoch.loss))


class _Clock:
    """Processor time since training began, against a budget."""

    def __init__(self, budget: float) -> None:
        self.budget, self._started = budget, time.process_time()

    @property
    def seconds(self) -> float:
        return time.process_time() - self._started

    @property
    def is_over(self) -> bool:
        return self.seconds >= self.budget


def _peak_memory() -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


# --- genn_shd -----------------------------------------------------------------------------------------------------


def train_genn_shd(fold: Fold, folder: Path) -> list[Epoch]:
    """Train through the toolkit, as `python -m genn_shd.train` does, until the time is spent."""
    config, dataset = fold.build_config()
    stop, clock, epochs = StopRequest(), _Clock(fold.seconds), []

    def after_epoch(metrics: EpochMetrics) -> None:
        accuracies = (metrics.training_accuracy, metrics.get_accuracy("validation") or 0.0)
        epochs.append(Epoch(clock.seconds, *accuracies, metrics.training_loss))
        if clock.is_over:
            stop.requested = True

    with suppress(Interrupted):
        run_training(config, dataset, folder, stop, [AfterEpoch(after_epoch)])
    return epochs


# --- snnTorch -----------------------------------------------------------------------------------------------------


def train_snntorch(fold: Fold, folder: Path) -> list[Epoch]:
    """Train the same network by backpropagation through time until the time is spent."""
    import torch

    from benchmarks.snntorch_network import RecurrentNetwork, compute_accuracy, train_epoch

    torch.set_num_threads(1)
    config, dataset = fold.build_config()
    parts, seed, duration = partition(config, dataset), config.training.seed, get_trial_duration(config)
    network, augmentation = build_network(config, dataset.num_input, dataset.num_classes), build_augmentation(config)
    model = RecurrentNetwork(network, config.simulation.dt, duration, fold.slope, seed)
    settings, rate = config.optimiser, LearningRate.start(config.optimiser)
    adam = torch.optim.Adam(model.parameters(), betas=(settings.beta1, settings.beta2), eps=settings.epsilon)
    held_out = augmentation.prepare_evaluation(parts.validation.trains, parts.validation.indices, duration, seed)
    clock, epochs = _Clock(fold.seconds), []
    while not clock.is_over:
        samples = augmentation.prepare_epoch(parts.train.trains, parts.train.indices, duration, seed, len(epochs))
        order = np.random.default_rng([seed, len(epochs)]).permutation(len(samples))
        loss, accuracy = train_epoch(model, adam, rate, samples.make_batches(order, config.training.batch_size), 0.0)
        rate.finish_epoch(len(epochs), accuracy)
        in_order = held_out.make_batches(np.arange(len(held_out)), config.training.batch_size)
        of_speaker = compute_accuracy(model, in_order)
        epochs.append(Epoch(clock.seconds, accuracy, of_speaker, loss))
    return epochs


# --- both ---------------------------------------------------------------------------------------------------------

TRAIN: dict[str, Callable[[Fold, Path], list[Epoch]]] = {"genn_shd": train_genn_shd, "snnTorch": train_snntorch}


def measure(fold: Fold) -> Trained:
    """Train a fold in a fresh process."""
    fold.build_config()
    if fold.party == "snnTorch":
        import_module("benchmarks.snntorch_network")  # no part of the time, nor of the memory that training adds
    before = _peak_memory()
    with TemporaryDirectory() as folder:
        epochs = TRAIN[fold.party](fold, Path(folder) / "run")
    return Trained(fold.party, fold.speaker, epochs, _peak_memory(), _peak_memory() - before)


class Results:
    """Results of folds, in a JSON file that is written after each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def get(self, fold: Fold) -> Trained | None:
        """Return the result of a fold, if it has run with these settings."""
        found = self.content.get(self._key(fold))
        return found and Trained(**{**found, "epochs": [Epoch(**epoch) for epoch in found["epochs"]]})

    def add(self, fold: Fold, trained: Trained) -> None:
        """Add the result of a fold."""
        self.content[self._key(fold)] = asdict(trained)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.content) + "\n", encoding="utf-8")

    @staticmethod
    def _key(fold: Fold) -> str:
        slope = f" slope={fold.slope:g}" if fold.party == "snnTorch" else ""
        return " ".join([fold.party, fold.preset, fold.speaker, f"{fold.seconds:g}s{slope}", *fold.settings])


def run_all(folds: Sequence[Fold], results: Results, workers: int) -> None:
    """Train the folds that have not been trained, each in a fresh process, one thread each."""
    waiting = [fold for fold in folds if results.get(fold) is None]
    with start_processes(workers, max_tasks_per_child=1) as pool:
        running = {pool.submit(measure, fold): fold for fold in waiting}
        for future in as_completed(running):
            trained = future.result()
            results.add(running[future], trained)
            best = f"{100 * trained.best.accuracy:.1f} % after {len(trained.epochs)} epochs"
            print(f"  {trained.party}, without {trained.speaker}: {best}", flush=True)


def summarise(trained: Sequence[Trained]) -> dict[str, Any]:
    """Average over folds; of memory take the highest."""
    epochs = [len(fold.epochs) for fold in trained]
    return {
        "folds": {fold.speaker: fold.best.accuracy for fold in trained},
        "accuracy": float(np.mean([fold.best.accuracy for fold in trained])),
        "accuracy_last": float(np.mean([fold.epochs[-1].accuracy for fold in trained])),
        "training_accuracy": float(np.mean([fold.best.training_accuracy for fold in trained])),
        "epochs": float(np.mean(epochs)),
        "seconds_per_epoch": sum(fold.epochs[-1].seconds for fold in trained) / sum(epochs),
        "peak_memory": max(fold.peak_memory for fold in trained),
        "memory_of_training": max(fold.memory_of_training for fold in trained),
    }


def print_summaries(summaries: dict[str, dict[str, Any]]) -> None:
    """Print the summaries of both programs side by side."""
    columns = [
        "",
        "speaker left out, %",
        "(last epoch)",
        "(training)",
        "epochs",
        "s an epoch",
        "peak MiB",
        "(training)",
    ]
    rows = [
        [
            party,
            *(f"{100 * s[name]:.1f}" for name in ("accuracy", "accuracy_last", "training_accuracy")),
            f"{s['epochs']:.1f}",
            f"{s['seconds_per_epoch']:.2f}",
            f"{s['peak_memory']:.0f}",
            f"{s['memory_of_training']:.0f}",
        ]
        for party, s in summaries.items()
    ]
    print()
    print_table(columns, rows)


def draw(trained: dict[str, list[Trained]]) -> Figure:
    """Draw the accuracy on the speaker left out over processor time, each fold and the mean of folds."""
    with use_style():
        figure = Figure(figsize=(7, 4))
        axes = figure.subplots()
        for party, folds in trained.items():
            seconds = max(fold.epochs[0].seconds for fold in folds), min(fold.epochs[-1].seconds for fold in folds)
            grid = np.geomspace(*seconds, 60)
            curves = []
            for fold in folds:
                at, accuracy = ([getattr(e, name) for e in fold.epochs] for name in ("seconds", "accuracy"))
                axes.plot(at, 100 * np.array(accuracy), color=COLOURS[party], alpha=0.25, linewidth=0.8)
                curves.append(np.interp(grid, at, accuracy))
            axes.plot(grid, 100 * np.mean(curves, axis=0), color=COLOURS[party], linewidth=2, label=party)
        axes.axhline(10, color=FAINT, linewidth=1, linestyle=":")
        axes.set(xscale="log", xlabel="processor time of one thread / s", ylabel="accuracy, speaker left out / %")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.set_title("Exact gradients and surrogate ones, same network and data", loc="left")
        axes.legend()
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Train both, print, draw, and keep the figures."""
    options = _options().parse_args(arguments)
    if find_spec("snntorch") is None:
        print("skipped: snnTorch is not installed; pip install genn_shd[bptt]")
        sys.exit(0)
    try:
        speakers = load_dataset("fsdd", split="all").speaker_names
    except DataError as error:
        print(f"skipped: {error}")
        sys.exit(0)
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes to come
    name = f"bptt_{options.preset}"
    report = Report.begin(name, "Exact gradients and surrogate ones, the same time for both", options, 1)
    settings = (f"simulation.dt={options.dt}", *options.set, *(SMOKE if options.smoke else ()))
    seconds, names = (1.0, speakers[:1]) if options.smoke else (options.seconds, speakers[: options.folds])
    folds = [
        Fold(party, speaker, options.preset, settings, seconds, options.slope) for speaker in names for party in PARTIES
    ]
    results = Results(options.runs / (f"{name}_smoke.json" if options.smoke else f"{name}.json"))
    run_all(folds, results, options.workers)
    trained = {p: [t for f in folds if f.party == p and (t := results.get(f)) is not None] for p in PARTIES}
    summaries = {party: summarise(found) for party, found in trained.items()}
    print_summaries(summaries)
    content = {
        "preset": options.preset,
        "settings": [*SETTINGS, *settings],
        "seconds": seconds,
        "slope": options.slope,
        **summaries,
    }
    report.finish(content, 1, {name: draw(trained)})


def _options() -> Any:
    options = make_parser(__doc__)
    options.add_argument("--seconds", type=float, default=240.0, help="processor time of each fold (default: 240)")
    options.add_argument("--preset", choices=PRESETS, default=PRESETS[0], help="of both (default: %(default)s)")
    options.add_argument("--dt", type=float, default=5.0, help="time step of both, ms (default: 5)")
    options.add_argument("--slope", type=float, default=25.0, help="of snnTorch's fast sigmoid (default: 25)")
    options.add_argument("--folds", type=int, help="how many speakers to leave out in turn (default: all five)")
    options.add_argument("--set", action="append", default=[], metavar="A.B=C", help="change a setting of both")
    options.add_argument("--workers", type=int, default=1, help="folds at a time, one thread each (default: 1)")
    options.add_argument("--runs", type=Path, default=Path("runs/bptt"), help="folds done (default: %(default)s)")
    return options


if __name__ == "__main__":
    main()
