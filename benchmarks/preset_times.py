"""How long do presets for data sets that are not here take to train?

Samples of SHD's shape (700 channels, 8000 spikes in 1 s), augmented as the preset says; a few batches of training on
one thread and on all, forward, backward and the optimiser's step. Times of all epochs follow for the number of training
samples of the data set; for more cores than there are here, at the efficiency per core of all threads.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.report import Report, make_parser, print_table
from benchmarks.speed import make_batches
from genn_shd import Dataset, SpikeTrains, load_config
from genn_shd.backends.native.threads import count_available_threads
from genn_shd.training.build import build_network, compile_model
from genn_shd.training.data import build_augmentation, crop, resolve, select

SAMPLES = {"shd_best": 8156, "ssc_best": 75466}
CLASSES = {"shd_best": 20, "ssc_best": 35}
CORES = (2, 16, 64)
NUM_SPIKES = 8000


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    threads = count_available_threads()
    report = Report.begin("preset_times", "Time of all epochs of presets for SHD and SSC", options, threads)
    settings = ["network.num_hidden=32"] if options.smoke else []
    rows = [_measure(preset, settings, threads, 2 if options.smoke else 12) for preset in SAMPLES]
    columns = ["preset", "weights", "ms/trial, one thread", f"ms/trial, {threads} threads", "epochs"]
    columns += [f"minutes, {cores} cores" for cores in CORES]
    print_table(columns, [_format(row) for row in rows])
    report.finish({"rows": rows}, threads)


def _measure(preset: str, settings: list[str], threads: int, batches: int) -> dict[str, Any]:
    single, weights, epochs, per_epoch = _time(preset, [*settings, "simulation.num_threads=1"], batches)
    together = _time(preset, [*settings, f"simulation.num_threads={threads}"], batches)[0]
    per_core = together * threads
    minutes = {cores: per_core * per_epoch * epochs / cores / 6e4 for cores in CORES}
    return {
        "preset": preset,
        "weights": weights,
        "ms_one_thread": single,
        "ms_all_threads": together,
        "threads": threads,
        "epochs": epochs,
        "minutes": minutes,
    }


def _time(preset: str, settings: list[str], num_batches: int) -> tuple[float, int, int, int]:
    """Return ms a training trial, number of weights, epochs, and trials in an epoch of the whole data set."""
    dataset = _make_dataset(CLASSES[preset])
    config = load_config(preset, settings=[*settings, "validation.kind=none"])
    config = resolve(config, select(config, dataset))
    samples = crop(select(config, dataset), 1000.0).train
    augmentation, size = build_augmentation(config), config.training.batch_size
    made = augmentation.prepare_epoch(samples, np.arange(len(samples)), 1000.0, 0, 0)
    with compile_model(config, build_network(config, samples.num_units, CLASSES[preset])) as model:
        model.learning_rate = 1e-7  # so that spike rates stay
        ready = [made.make_batch(np.arange(k * size, (k + 1) * size) % len(made)) for k in range(num_batches + 1)]
        model.train_batch(ready.pop())
        started = time.perf_counter()
        for batch in ready:
            model.train_batch(batch)
        seconds = time.perf_counter() - started
        weights = model.network.num_parameters
    labels = np.zeros(SAMPLES[preset], np.int64)
    return 1e3 * seconds / num_batches / size, weights, config.training.epochs, augmentation.count_samples(labels)


def _make_dataset(num_classes: int) -> Dataset:
    trains = SpikeTrains.concatenate(make_batches(2, NUM_SPIKES))
    names = tuple(f"word {k}" for k in range(num_classes))
    return Dataset("SHD's shape", trains, None, None, names, (), 1000.0)


def _format(row: dict[str, Any]) -> list[str]:
    times = [f"{row['ms_one_thread']:.1f}", f"{row['ms_all_threads']:.1f}", str(row["epochs"])]
    return [row["preset"], f"{row['weights']:,}", *times, *(f"{minutes:.0f}" for minutes in row["minutes"].values())]


if __name__ == "__main__":
    main()
