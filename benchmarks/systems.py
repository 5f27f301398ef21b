"""How many words of people whom it never heard does a system understand, for how many parameters?

Twenty words by thirty people (DSPSpeech-20): a linear classifier, gated recurrent units and a small convolutional
network on binned spikes (PyTorch: `pip install torch`), the network of the preset dsp20_small with fixed time
constants in snnTorch (`pip install snntorch`), which surrogate gradients train, and the presets dsp20 and dsp20_small.
All train on the same 25 people with the same changes of the samples, and are tested after the last epoch on five
others. The learning rate of snnTorch is the best of some (--rates) on five of the 25 left out. Networks of the presets
are read from the folders of their runs (--run).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.report import BLUE, FAINT, GREEN, ORANGE, PURPLE, Report, make_parser, print_table, use_style
from genn_shd import DataError, SpikeTrains, load_config, prepare_data
from genn_shd.runs.files import read_summary
from genn_shd.runs.folder import RunFolder
from genn_shd.training.baseline import CHANNEL_GROUPS, TIME_BINS, classify
from genn_shd.training.build import build_network, compile_model
from genn_shd.training.copies import evaluate_with_copies
from genn_shd.training.data import build_augmentation, partition, prepare_for_evaluation
from genn_shd.training.evaluation import Evaluation
from genn_shd.training.learning_rate import LearningRate
from genn_shd.training.samples import Partition, Samples

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
NUM_CHANNELS, NUM_BINS, BATCH_SIZE = 70, 100, 32
COLOURS = {"linear": FAINT, "GRU": ORANGE, "CNN": GREEN, "snnTorch": PURPLE, "spiking": BLUE}
HELD_OUT = ["validation.kind=speaker", "validation.speakers=[2, 7, 12, 17, 22]"]
SNNTORCH = ["network.heterogeneous=false", "network.trained={}", "simulation.dt=5", "training.batch_size=32"]
FREE_LEFT_OF = 1e5  # parameters: labels of smaller spiking networks would be in the way of the GRU below them
SLOPE = 25.0  # of the fast sigmoid: snnTorch's default, as in benchmarks.bptt


def main(arguments: list[str] | None = None) -> None:
    """Train, print, draw, and keep the figures."""
    options = _parse(arguments)
    files = [options.data / f"dsp20_{part}.h5" for part in ("train", "test")]
    if not all(file.exists() for file in files):
        print(f"skipped: there is no {files[0]}; give the folder of the files by --data")
        return
    epochs = 1 if options.smoke else options.epochs
    report = Report.begin("systems", "Twenty words by people never heard: accuracy and parameters", options, 1)
    paths = [f"dataset.path={files[0]}", f"dataset.test_path={files[1]}"]
    config, dataset = prepare_data(load_config("dsp20", settings=paths))
    samples = partition(config, dataset)
    rows = [measure_linear(samples)]
    seeds = range(1 if options.smoke else options.num_seeds)
    rows += [_average([measure_torch(n, config, samples, epochs, s) for s in seeds]) for n in list_torch_networks()]
    if find_spec("snntorch"):
        rows.append(_measure_snntorch(paths, options))
    else:
        print("snnTorch is left out: it is not installed; pip install snntorch")
    rows += [_read_runs(*run) for run in options.run]
    if options.ensemble:
        rows.append(_measure_ensemble(options.ensemble, config.evaluation.copies))
    print_table(
        [
            "system",
            "parameters",
            "training",
            "five people never heard",
            "with copies",
            "hidden spikes",
            "processor time",
        ],
        [
            [
                *(r["system"], f"{r['parameters']:,}", format_percent(r["training"]), _list_tests(r, "test")),
                *(_list_tests(r, "with_copies"), f"{r['hidden_spikes']:,.0f}" if "hidden_spikes" in r else ""),
                f"{r['seconds']:.0f} s",
            ]
            for r in rows
        ],
    )
    report.finish({"rows": rows, "epochs": epochs}, 1, {"systems": _draw(rows)})


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of dsp20_train.h5 and dsp20_test.h5")
    parser.add_argument("--epochs", type=int, default=30, help="of GRU and CNN (default 30)")
    parser.add_argument("--num-seeds", type=int, default=3, help="of GRU, CNN and snnTorch (default 3)")
    parser.add_argument("--snntorch-epochs", type=int, default=15, help="of snnTorch (default 15)")
    parser.add_argument(
        "--rates", type=float, nargs="+", default=[1e-3, 2.5e-3, 5e-3], help="learning rates to try with snnTorch"
    )
    parser.add_argument(
        "--run",
        nargs="+",
        action="append",
        default=[],
        metavar=("NAME", "FOLDER"),
        help="a spiking network to show beside: its name, and its run folders, one for each seed",
    )
    parser.add_argument(
        "--ensemble", type=Path, nargs="+", default=[], help="run folders of networks whose mean output is tested"
    )
    return parser.parse_args(arguments)


def format_percent(part: float) -> str:
    """Format a fraction, 0 to 1, in per cent."""
    return f"{100 * part:.1f} %"


def measure_linear(samples: Partition, held_out: str = "test") -> dict[str, Any]:
    """Fit the linear classifier, and test it on a part that was held out."""
    started = time.process_time()
    found = classify(samples)
    classes = len(np.unique(samples.train.labels))
    return {
        "system": "linear",
        "parameters": (TIME_BINS * CHANNEL_GROUPS + 1) * classes,
        "training": found["training"],
        "test": found[held_out],
        "seconds": time.process_time() - started,
    }


def _list_tests(row: dict[str, Any], name: str) -> str:
    """Write a test accuracy, and those of all seeds where there are several; nothing if it was not measured."""
    seeds = row.get("seeds", {}).get(name, [])
    each = f" ({', '.join(f'{100 * accuracy:.1f}' for accuracy in seeds)})" if seeds else ""
    return format_percent(row[name]) + each if name in row else ""


def _average(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Average trainings with several seeds."""
    names = [name for name in ("training", "test", "with_copies", "hidden_spikes", "seconds") if name in rows[0]]
    seeds = {name: [row[name] for row in rows] for name in names}
    means = {name: float(np.mean(values)) for name, values in seeds.items()}
    return {**rows[0], **means, "seeds": seeds if len(rows) > 1 else {}}


def _measure_snntorch(paths: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """Choose the learning rate with speakers held out, then train on all and test."""
    rates, epochs, seeds = options.rates, options.snntorch_epochs, range(options.num_seeds)
    if options.smoke:
        rates, epochs, seeds = rates[:1], 1, range(1)
    found = {
        rate: _train_snntorch(paths, rate, epochs, 0, HELD_OUT, "validation")["test"]
        for rate in rates
        if len(rates) > 1
    }
    for rate, accuracy in found.items():
        print(f"snnTorch, learning rate {rate:g}: five of the 25 held out {format_percent(accuracy)}", flush=True)
    best = max(found, key=lambda rate: found[rate], default=rates[0])
    rows = [_train_snntorch(paths, best, epochs, seed, ["validation.kind=none"], "test") for seed in seeds]
    return {**_average(rows), "learning_rate": best, "held_out": {f"{rate:g}": a for rate, a in found.items()}}


def _train_snntorch(
    paths: list[str], rate: float, epochs: int, seed: int, validation: list[str], tested: str
) -> dict[str, Any]:
    import torch

    from benchmarks.snntorch_network import RecurrentNetwork, compute_accuracy, count_spikes, train_epoch

    started = time.process_time()
    torch.set_num_threads(1)
    settings = [*paths, *SNNTORCH, *validation, f"optimiser.learning_rate={rate}", f"training.seed={seed}"]
    config, dataset = prepare_data(load_config("dsp20_small", settings=settings))
    samples, augmentation = partition(config, dataset), build_augmentation(config)
    duration, batch_size = config.simulation.duration, config.training.batch_size
    network = build_network(config, dataset.num_input, dataset.num_classes)
    model = RecurrentNetwork(network, config.simulation.dt, duration, SLOPE, seed)
    adam, schedule = torch.optim.Adam(model.parameters()), LearningRate.start(config.optimiser)
    for epoch in range(epochs):
        epoch_samples = augmentation.prepare_epoch(samples.train.trains, samples.train.indices, duration, seed, epoch)
        order = np.random.default_rng([seed, epoch]).permutation(len(epoch_samples))
        batches = epoch_samples.make_batches(order, batch_size)
        loss, training = train_epoch(model, adam, schedule, batches, epoch / epochs)
        print(f"snnTorch, rate {rate:g}, epoch {epoch + 1}/{epochs}: training {format_percent(training)}", flush=True)
        if not np.isfinite(loss):
            break
    part = samples.held_out[tested]
    held_out = augmentation.prepare_evaluation(part.trains, part.indices, duration, seed)
    return {
        "system": "snnTorch",
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "training": training,
        "seconds": time.process_time() - started,
        "test": compute_accuracy(model, held_out.make_batches(np.arange(len(held_out)), batch_size)),
        "hidden_spikes": count_spikes(model, held_out.make_batches(np.arange(len(held_out)), batch_size)),
    }


def list_torch_networks() -> tuple[str, ...]:
    """Return the names of the networks of `benchmarks.torch_networks`; none, and print why, if torch is missing."""
    if find_spec("torch"):
        return "GRU", "CNN"
    print("GRU and CNN are left out: torch is not installed; pip install torch")
    return ()


def measure_torch(
    name: str, config: Any, samples: Partition, epochs: int, seed: int, held_out: str = "test"
) -> dict[str, Any]:
    """Train a network of `benchmarks.torch_networks`, and test it on a part that was held out."""
    from benchmarks.torch_networks import Classifier

    started, part = time.process_time(), samples.held_out[held_out]
    test = prepare_for_evaluation(config, part)
    batches = -(-len(samples.train) // BATCH_SIZE)
    shape = (NUM_CHANNELS, NUM_BINS, int(samples.train.labels.max()) + 1)
    classifier = Classifier(name, shape, epochs * batches, seed)
    for epoch in range(epochs):
        training = classifier.train(make_batches(config, samples, epoch))
        print(f"{name}, seed {seed}, epoch {epoch + 1}/{epochs}: training {format_percent(training)}", flush=True)
    seconds = time.process_time() - started
    logits = classifier.compute_logits(count_bins(test.trains.select(test.indices), config.simulation.duration))
    with_copies = logits + sum(classifier.compute_logits(counts) for counts in _make_copies(config, part))
    return {
        "system": name,
        "parameters": classifier.num_parameters,
        "training": training,
        "test": float(np.mean(logits.argmax(axis=1) == test.labels)),
        "with_copies": float(np.mean(with_copies.argmax(axis=1) == test.labels)),
        "seconds": seconds,
    }


def _make_copies(config: Any, test: Samples) -> Iterator[np.ndarray]:
    """Make the counts of augmented copies of all test samples, as `evaluation.copies` says."""
    duration = config.simulation.duration
    augmentation = build_augmentation(config)
    for number in range(1, 1 + config.evaluation.copies):
        copies = augmentation.prepare_copy(test.trains, test.indices, duration, config.training.seed, number)
        yield count_bins(copies.make_batch(np.arange(len(copies))), duration)


def make_batches(config: Any, samples: Partition, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield binned batches of an epoch, augmented as the samples of the spiking network are."""
    train, seed, duration = samples.train, config.training.seed, config.simulation.duration
    augmented = build_augmentation(config).prepare_epoch(train.trains, train.indices, duration, seed, epoch)
    order = np.random.default_rng([seed, epoch]).permutation(len(augmented))
    for labels, batch in augmented.make_batches(order, BATCH_SIZE):
        yield count_bins(batch, duration), labels.astype(np.int64)


def count_bins(trains: SpikeTrains, duration: float) -> np.ndarray:
    """Return square roots of spike counts, (B, channels, bins) float32."""
    sample = np.repeat(np.arange(len(trains)), trains.counts)
    channel = trains.units.astype(np.int64) * NUM_CHANNELS // trains.num_units
    time_bin = np.minimum((trains.times * (NUM_BINS / duration)).astype(np.int64), NUM_BINS - 1)
    size = NUM_CHANNELS * NUM_BINS
    counts = np.bincount(sample * size + channel * NUM_BINS + time_bin, minlength=len(trains) * size)
    return np.sqrt(counts).astype(np.float32).reshape(len(trains), NUM_CHANNELS, NUM_BINS)


def _read_runs(name: str, *folders: str) -> dict[str, Any]:
    return {**_average([_read_run(Path(folder)) for folder in folders]), "system": f"spiking, {name}"}


def _read_run(path: Path) -> dict[str, Any]:
    """Return what a run has come to after its last epoch."""
    folder = RunFolder.open_existing(path)
    summary = read_summary(folder.summary_file)
    if summary.get("status") != "complete":
        raise DataError(f"{path}: this run is not complete.")
    last = summary["last"]
    return {
        **_read_evaluation(folder),
        "system": f"spiking, {path.name}",
        "parameters": summary["num_parameters"],
        "training": last["training_accuracy"],
        "test": last["test_accuracy"],
        "seconds": summary["seconds"],
    }


def _read_evaluation(folder: RunFolder) -> dict[str, float]:
    """Return hidden spikes a word, and the test accuracy with augmented copies if the run was evaluated with some."""
    test = json.loads(folder.evaluation_file.read_text(encoding="utf-8"))["parts"]["test"]
    copies = {"with_copies": test["accuracy"]} if test.get("copies") else {}
    return {"hidden_spikes": test["operations"]["hidden_spikes"], **copies}


def _measure_ensemble(paths: Sequence[Path], copies: int) -> dict[str, Any]:
    """Test networks together: the class with the largest mean of their logits, after the last epoch of each."""
    runs = [_read_run(path) for path in paths]
    alone = [_evaluate_last(RunFolder.open_existing(path), 0) for path in paths]
    with_copies = [_evaluate_last(RunFolder.open_existing(path), copies) for path in paths]
    return {
        "system": f"spiking, {len(paths)} together",
        "parameters": sum(run["parameters"] for run in runs),
        "training": float(np.mean([run["training"] for run in runs])),
        "test": _measure_mean(alone),
        "with_copies": _measure_mean(with_copies),
        "seconds": sum(run["seconds"] for run in runs),
    }


def _measure_mean(evaluations: Sequence[Evaluation]) -> float:
    """Return the accuracy of the mean logits."""
    logits = sum(evaluation.logits for evaluation in evaluations)
    return float(np.mean(np.argmax(logits, axis=1) == evaluations[0].labels))


def _evaluate_last(folder: RunFolder, copies: int) -> Evaluation:
    """Evaluate the weights of the last epoch of a run on its test samples, with augmented copies of each."""
    config, dataset = prepare_data(folder.read_config().replace(**{"evaluation.copies": copies}))
    checkpoint = folder.checkpoints.read("last")
    network = build_network(config, checkpoint.state["num_input"], len(checkpoint.state["class_names"]))
    with compile_model(config, network) as model:
        model.set_parameters(checkpoint.select_group("parameters"))
        return evaluate_with_copies(model, partition(config, dataset).held_out["test"], config)


def _draw(rows: Sequence[dict[str, Any]]) -> Figure:
    """Draw accuracy against parameters, each system a labelled point."""
    with use_style():
        figure = Figure(figsize=(6.5, 4.2))
        axes = figure.add_subplot()
        for row in rows:
            colour = COLOURS[row["system"].partition(",")[0]]
            axes.semilogx(row["parameters"], 100 * row["test"], "o", color=colour, markersize=9)
            if "with_copies" in row:
                both = [100 * row["test"], 100 * row["with_copies"]]
                axes.semilogx(2 * [row["parameters"]], both, "-o", color=colour, markersize=9, markerfacecolor="none")
            lowest, highest = 100 * row["test"], 100 * row.get("with_copies", row["test"])
            if row["system"].partition(",")[0] != "spiking":
                height, shift, alignment = highest, (0, 9), ("center", "bottom")
            elif row["parameters"] < FREE_LEFT_OF:
                height, shift, alignment = highest, (-9, 0), ("right", "center")
            else:
                height, shift, alignment = lowest, (0, -9), ("center", "top")
            axes.annotate(
                row["system"],
                (row["parameters"], height),
                shift,
                textcoords="offset points",
                ha=alignment[0],
                va=alignment[1],
                color=colour,
            )
        axes.set(
            xlabel="trained parameters",
            ylabel="right, five people never heard / %",
            title="Twenty words by thirty people (open: with augmented copies)",
        )
        axes.margins(x=0.25, y=0.15)
    return figure


if __name__ == "__main__":
    main()
