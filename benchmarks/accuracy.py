"""Trainings of several neurons with several seeds, for benchmarks that compare their accuracies."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import print_table
from benchmarks.training import train_preset
from benchmarks.workers import start_processes


def train_all(preset: str, settings: Mapping[str, Sequence[str]], seeds: int, jobs: int) -> list[dict[str, Any]]:
    """Train a preset with the settings of each neuron and with each seed, some at the same time.

    Returns a record for each training: neuron, seed, accuracies (per cent) on the test set at the epoch that is best
    on validation samples (the last, where there are none) and of the last epoch, that of a linear classifier, seconds.
    """
    with tempfile.TemporaryDirectory() as folder, start_processes(jobs) as pool:
        futures: list[Future[dict[str, Any]]] = [
            pool.submit(_train, preset, neuron, of_neuron, seed, Path(folder, f"{neuron}_{seed}"))
            for neuron, of_neuron in settings.items()
            for seed in range(seeds)
        ]
        return [future.result() for future in futures]


def _train(preset: str, neuron: str, settings: Sequence[str], seed: int, folder: Path) -> dict[str, Any]:
    all_settings = [*settings, f"training.seed={seed}", "simulation.num_threads=1"]
    _, summary = train_preset(preset, all_settings, folder)
    baseline = summary["baseline"]
    return {
        "neuron": neuron,
        "seed": seed,
        "test_accuracy": 100 * summary["best"]["test_accuracy"],
        "test_accuracy_of_last_epoch": 100 * summary["last"]["test_accuracy"],
        "linear_classifier": 100 * baseline["test"] if baseline else None,
        "best_epoch": summary["best"]["epoch"],
        "epochs": summary["epochs"],
        "spikes_per_neuron": summary["last"]["spikes_per_neuron"],
        "seconds": summary["seconds"],
    }


def summarise(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Summarise the trainings of each neuron: mean and standard deviation over seeds, per cent."""
    rows = []
    for neuron in dict.fromkeys(record["neuron"] for record in records):
        own = [record for record in records if record["neuron"] == neuron]
        accuracies = [record["test_accuracy"] for record in own]
        rows.append(
            {
                "neuron": neuron,
                "seeds": len(own),
                "mean": float(np.mean(accuracies)),
                "standard_deviation": float(np.std(accuracies, ddof=1)) if len(own) > 1 else 0.0,
                "linear_classifier": own[0]["linear_classifier"],
                "spikes_per_neuron": float(np.mean([record["spikes_per_neuron"] for record in own])),
                "seconds_per_epoch": float(np.mean([record["seconds"] / record["epochs"] for record in own])),
            }
        )
    return rows


def print_summary(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a row for each neuron."""
    print_table(
        ["neuron", "seeds", "test accuracy", "linear classifier", "spikes/neuron", "s/epoch"],
        [
            [
                row["neuron"],
                row["seeds"],
                f"{row['mean']:.2f} +- {row['standard_deviation']:.2f} %",
                "" if row["linear_classifier"] is None else f"{row['linear_classifier']:.2f} %",
                f"{row['spikes_per_neuron']:.1f}",
                f"{row['seconds_per_epoch']:.1f}",
            ]
            for row in rows
        ],
    )
