"""Every learning rule on the same words: accuracy, time, memory, spikes and energy, beside a GRU and a CNN.

Two tasks: the official split of the Free Spoken Digit Dataset, and the synthetic words of the preset spoken_digits,
whose test voices are not in the training set. The network is that of `benchmarks.rules` (64 recurrent LIF neurons, 70
channels, steps of 2 ms, two delayed copies of the input), with every gradient rule and, for surrogate gradients, with
ParaLIF in its forms and with LIF without recurrence. STDP trains the weights from the input to ten or twenty spiking
outputs, whose counts a logistic regression reads; the limit of weights is chosen on a fifth of the training set. GRU
and CNN (PyTorch) have about as many parameters. Each training is a process of its own on one thread; accuracies are
those after the last epoch on the test set, which decides nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.report import Report, make_parser, print_table
from benchmarks.rules import NETWORK, RULES
from benchmarks.systems import NUM_BINS, NUM_CHANNELS, count_bins, list_torch_networks, make_batches
from benchmarks.workers import start_processes
from genn_shd import (
    STDP,
    Callback,
    Config,
    DataError,
    Dataset,
    EpochMetrics,
    Model,
    SpikeTrains,
    Trainer,
    Uniform,
    compile_network,
    load_config,
    prepare_data,
    recurrent_classifier,
    run_training,
)
from genn_shd.training.build import get_trial_duration, list_input_delays
from genn_shd.training.data import partition
from genn_shd.training.evaluation import evaluate
from genn_shd.training.operations import count_operations
from genn_shd.training.samples import Partition, Samples

_COUNTS = RULES["surrogate"][1:]
_FEED_FORWARD = ("rule=surrogate", *_COUNTS, "network.recurrent=false")
SPIKING: dict[str, tuple[str, ...]] = {
    **RULES,
    "surrogate, LIF, no recurrence": _FEED_FORWARD,
    "surrogate, ParaLIF": (*_FEED_FORWARD, "network.neuron=paralif"),
    "surrogate, ParaLIF, delta": (*_FEED_FORWARD, "network.neuron=paralif_delta", "rule.slope=50"),
    "surrogate, ParaLIF, two passes": (
        "rule=surrogate",
        *_COUNTS,
        "network.recurrent=two_pass",
        "network.neuron=paralif",
    ),
}
RATES = {"EventProp, grid": 1e-2}
PLASTICITIES = ("pair", "cofeb_linbo3", "ppx")
SIZES = {"GRU": 48, "CNN": 24}
TASKS = {
    "official": ("fsdd_best", ("dataset.split=official", "validation.kind=none")),
    "words": (
        "spoken_digits",
        (
            "network.recurrent=true",
            "network.input_delays=2",
            "network.delay_spacing=50.0",
            "network.heterogeneous=false",
            "augmentation.normalise=off",
            "augmentation.stretch=[]",
            "augmentation.frequency_mask=0.0",
            "augmentation.shift=8",
            "silent_neurons.weight_redraw=false",
            "silent_neurons.weight_lift=0.002",
        ),
    ),
}
EPOCHS = {"official": 6, "words": 16}
PJ_PER_SYNAPTIC_OPERATION, PJ_PER_MULTIPLY_ADD = 0.9, 4.6  # 45 nm, Horowitz, ISSCC 2014
STDP_EPOCHS = 2
LIMITS = (0.02, 0.08, 0.16, 0.32, 0.64)
SMOKE = ("dataset.classes=[0, 1]", "network.num_hidden=8", "simulation.dt=10.0")


def main(arguments: list[str] | None = None) -> None:
    """Train everything, print, and keep the figures."""
    options = _parse(arguments)
    report = Report.begin("rule_costs", (__doc__ or "").partition("\n")[0], options, 1)
    results: dict[str, dict[str, Any]] = {}
    with TemporaryDirectory() as scratch:
        for task in options.tasks:
            try:
                prepare_data(_make_config(task, (), options))
            except DataError as error:
                print(f"skipped {task}: {error}")
                continue
            results[task] = {}
            for name in _list_rows(options.rows):
                results[task][name] = _measure(task, name, options, options.runs or Path(scratch))
            _print(task, results[task])
    report.finish(
        {"results": results, "epochs": {task: _count_epochs(task, options) for task in results}, "seeds": 1}, 1
    )


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--epochs", type=int, help=f"of each training (default: {EPOCHS})")
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS), help="default: all")
    parser.add_argument("--rows", nargs="+", default=[], help="beginnings of names of rows; default: all")
    parser.add_argument("--runs", type=Path, help="keep results here, and use those that are there")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.epochs = 1
    return options


def _count_epochs(task: str, options: argparse.Namespace) -> int:
    return options.epochs or EPOCHS[task]


def _list_rows(beginnings: list[str]) -> list[str]:
    names = [*SPIKING, *(f"STDP, {plasticity}" for plasticity in PLASTICITIES), *list_torch_networks()]
    return [name for name in names if not beginnings or name.startswith(tuple(beginnings))]


def _make_config(task: str, settings: tuple[str, ...], options: argparse.Namespace) -> Config:
    preset, own = TASKS[task]
    smoke = SMOKE if options.smoke else ()
    epochs = f"training.epochs={_count_epochs(task, options)}"
    return load_config(preset, settings=[*NETWORK, *own, *smoke, epochs, "optimiser.learning_rate=3e-3", *settings])


def _measure(task: str, name: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train one row in a process of its own; a result that is there is read."""
    kept = folder / f"{task}_{name.replace(', ', '_').replace(' ', '_')}_{_count_epochs(task, options)}.json"
    if kept.exists():
        return json.loads(kept.read_text(encoding="utf-8"))
    with start_processes(1) as pool:
        result = pool.submit(_train, task, name, options).result()
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(result), encoding="utf-8")
    print(f"  {task}, {name}: {100 * result['test']:.1f} %, {result['seconds']:.0f} s", flush=True)
    return result


def _train(task: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    kind, _, plasticity = name.partition(", ")
    rate = (f"optimiser.learning_rate={RATES[name]}",) if name in RATES else ()
    config, dataset = prepare_data(_make_config(task, (*SPIKING.get(name, ()), *rate), options))
    before, started = _begin_peak(), time.process_time()
    if kind == "STDP":
        result = _train_stdp(config, partition(config, dataset), plasticity)
    elif kind in SIZES:
        result = _train_torch(kind, config, partition(config, dataset), config.training.epochs)
    else:
        result = _train_spiking(config, dataset)
    return {**result, "seconds": time.process_time() - started, "mebibytes": _read_memory("VmHWM") - before}


def _begin_peak() -> float:
    """Start a new peak of memory (Linux), and return what is in use, MiB."""
    gc.collect()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _read_memory("VmRSS")


def _read_memory(field: str) -> float:
    """Read a line of the kernel's account of this process, MiB; nan where there is none."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


class _LastEpoch(Callback):
    """Counts of the network after the last epoch, on the test samples."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self.counts: dict[str, float] = {}

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        """Count after the last epoch."""
        if metrics.epoch < trainer.config.training.epochs:
            return
        evaluation = evaluate(trainer.model, self._samples.upload(trainer.model))
        operations = count_operations(trainer.model, self._samples, evaluation.spikes, trainer.config.report)
        self.counts = {
            "training": metrics.training_accuracy,
            "test": evaluation.accuracy,
            "spikes": operations.hidden_spikes,
            "operations": operations.synaptic_operations,
            "microjoules": operations.synaptic_operations * PJ_PER_SYNAPTIC_OPERATION / 1e6,
            "parameters": trainer.model.network.num_parameters,
        }


def _train_spiking(config: Config, dataset: Dataset) -> dict[str, Any]:
    test = partition(config, dataset).test
    assert test is not None
    last = _LastEpoch(test)
    with TemporaryDirectory() as scratch:
        run_training(config, dataset, Path(scratch) / "run", callbacks=[last])
    return last.counts


def _train_stdp(config: Config, samples: Partition, plasticity: str) -> dict[str, Any]:
    """Train online, one sample at a time, with the limit of the weights that is best on a fifth of the training set."""
    assert samples.test is not None
    order = np.random.default_rng(0).permutation(len(samples.train))
    held, train = (samples.train.trains.select(samples.train.indices[k]) for k in np.split(order, [len(order) // 5]))
    scores = {limit: _score_stdp(config, plasticity, limit, train, held)["test"] for limit in LIMITS}
    limit = max(scores, key=lambda each: scores[each])
    whole, test = (part.trains.select(part.indices) for part in (samples.train, samples.test))
    return {**_score_stdp(config, plasticity, limit, whole, test), "limit": limit}


def _score_stdp(
    config: Config, plasticity: str, limit: float, train: SpikeTrains, test: SpikeTrains
) -> dict[str, float]:
    classes = int(train.labels.max()) + 1
    network = recurrent_classifier(
        train.num_units,
        [],
        classes,
        loss="spike_count",
        weights={"input_output": Uniform(0.0, limit)},
        input_delays=list_input_delays(config),
    )
    with compile_network(
        network,
        rule=STDP(plasticity, max_weight=limit),
        batch_size=100,
        dt=config.simulation.dt,
        duration=get_trial_duration(config),
        learning_rate=1.0,
        num_threads=1,
    ) as model:
        untrained = _read_counts(model, train, test)["test"]
        for epoch in range(STDP_EPOCHS):
            for k in np.random.default_rng(epoch).permutation(len(train)):
                model.train_batch(train.select(np.array([k])))
        found = _read_counts(model, train, test)
    arrivals = sum(np.count_nonzero(test.times < model.duration - d) for d in list_input_delays(config)) / len(test)
    operations = float(arrivals * classes)
    return {
        **found,
        "untrained": untrained,
        "operations": operations,
        "microjoules": operations * PJ_PER_SYNAPTIC_OPERATION / 1e6,
        "parameters": network.num_parameters + classes * (classes + 1),
    }


def _read_counts(model: Model, train: SpikeTrains, test: SpikeTrains) -> dict[str, float]:
    """Fit a logistic regression to the outputs' counts of the training samples."""
    counts, unseen = (_count_outputs(model, samples) for samples in (train, test))
    readout = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(counts, train.labels)
    return {
        "training": float(readout.score(counts, train.labels)),
        "test": float(readout.score(unseen, test.labels)),
        "spikes": float(unseen.sum(axis=1).mean()),
    }


def _count_outputs(model: Model, samples: SpikeTrains) -> np.ndarray:
    batches = np.split(np.arange(len(samples)), range(100, len(samples), 100))
    return np.concatenate([model.evaluate_batch(samples.select(k)).spike_counts["output"] for k in batches])


def _train_torch(name: str, config: Config, samples: Partition, epochs: int) -> dict[str, Any]:
    from benchmarks.torch_networks import Classifier

    assert samples.test is not None
    batches = sum(1 for _ in make_batches(config, samples, 0))  # of augmented samples
    classes = int(samples.train.labels.max()) + 1
    classifier = Classifier(
        name, (NUM_CHANNELS, NUM_BINS, classes), epochs * batches, config.training.seed, SIZES[name]
    )
    for epoch in range(epochs):
        training = classifier.train(make_batches(config, samples, epoch))
    test = samples.test.trains.select(samples.test.indices)
    answers = classifier.predict(count_bins(test, get_trial_duration(config)))
    products = count_products(name, classes)
    return {
        "training": training,
        "test": float(np.mean(answers == test.labels)),
        "operations": products,
        "microjoules": products * PJ_PER_MULTIPLY_ADD / 1e6,
        "parameters": classifier.num_parameters,
    }


def count_products(name: str, classes: int) -> float:
    """Count the multiplications of a network for one word."""
    size = SIZES[name]
    if name == "GRU":
        return NUM_BINS * 3 * size * (NUM_CHANNELS + size) + size * classes
    height, width, total = NUM_CHANNELS, NUM_BINS, 0
    for inputs, outputs, pool in ((1, size // 4, 2), (size // 4, size // 2, 2), (size // 2, size, 2), (size, size, 1)):
        total += 9 * inputs * outputs * height * width
        height, width = height // 2, width // pool
    return total + size * height * width * classes


def _print(task: str, rows: dict[str, Any]) -> None:
    print(f"\n{task}")
    print_table(
        ["system", "parameters", "training", "test", "processor time", "memory", "spikes", "operations", "energy"],
        [
            [
                name,
                f"{row['parameters']:,}",
                f"{100 * row['training']:.1f} %",
                f"{100 * row['test']:.1f} %",
                f"{row['seconds']:.0f} s",
                f"{row['mebibytes']:.0f} MiB",
                f"{row['spikes']:,.0f}" if "spikes" in row else "",
                f"{row['operations']:,.0f}",
                f"{row['microjoules']:.3f} uJ",
            ]
            for name, row in rows.items()
        ],
    )
    for name, row in rows.items():
        if "untrained" in row:
            print(f"  {name}: limit {row['limit']:g}; with initial weights {100 * row['untrained']:.1f} %")


if __name__ == "__main__":
    main()
