"""Trainings of variants of one network, several at a time; each has a run folder, and goes on where it stopped."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import SCRATCH, make_parser
from benchmarks.workers import start_processes
from genn_shd import DivergedError, load_config, prepare_data, run_training
from genn_shd.backends.native.threads import count_available_threads
from genn_shd.runs.results import RunSummary

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
KEPT = "variant.json"


@dataclass(frozen=True)
class Variant:
    """One training.

    Attributes
    ----------
    name : of its run folder.
    preset : with which settings begin.
    settings : settings over those of the preset, `table.name=value`.
    """

    name: str
    preset: str | None
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """Accuracies after the last epoch, from 0 to 1; those of parts that do not exist, or diverged, are nan.

    Attributes
    ----------
    training, validation, test : accuracies.
    parameters : number of trained numbers.
    seconds : of an epoch, by the clock, evaluation included; mean.
    spikes : of a hidden neuron and sample.
    """

    training: float
    validation: float
    test: float
    parameters: int
    seconds: float
    spikes: float

    def to_json(self) -> dict[str, float | None]:
        """Return all values by name; None where there is none."""
        return {name: value if np.isfinite(value) else None for name, value in asdict(self).items()}


def make_variants_parser(description: str | None, name: str, epochs: int) -> argparse.ArgumentParser:
    """Make the parser of a benchmark called `name` that trains variants for `epochs` epochs by default."""
    parser = make_parser(description)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of dsp20_train.h5 and dsp20_test.h5")
    parser.add_argument("--epochs", type=int, default=epochs, help=f"of each training (default {epochs})")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each variant with a result (default 3)")
    parser.add_argument("--workers", type=int, default=count_available_threads(), help="trainings at a time")
    parser.add_argument("--runs", type=Path, default=SCRATCH / name, help="folder of the run folders")
    return parser


def train_variants(variants: Sequence[Variant], folder: Path, workers: int) -> dict[str, Outcome]:
    """Train all variants, `workers` at a time, and print each accuracy when it is known; returns them by name."""
    outcomes: dict[str, Outcome] = {}
    with start_processes(workers) as pool:
        names = {pool.submit(_train, variant, folder): variant.name for variant in variants}
        for future in as_completed(names):
            outcome = outcomes[names[future]] = future.result()
            unseen = outcome.validation if np.isnan(outcome.test) else outcome.test
            print(f"  {names[future]}: {100 * unseen:.1f} % (training {100 * outcome.training:.1f} %)", flush=True)
    return {variant.name: outcomes[variant.name] for variant in variants}


def _train(variant: Variant, folder: Path) -> Outcome:
    kept = folder / variant.name / KEPT
    content: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if content.get("settings") != list(variant.settings):
        content = {"settings": list(variant.settings), "outcome": asdict(_run(variant, kept.parent))}
        kept.write_text(json.dumps(content), encoding="utf-8")
    return Outcome(**content["outcome"])


def _run(variant: Variant, folder: Path) -> Outcome:
    settings = [*variant.settings, "simulation.num_threads=1", "report.baseline=none"]
    config, dataset = prepare_data(load_config(variant.preset, settings=settings))
    try:
        summary = run_training(config, dataset, folder)
    except DivergedError:
        return Outcome(*[float("nan")] * 3, 0, *[float("nan")] * 2)
    assert isinstance(summary, RunSummary) and summary.last is not None
    last = summary.last
    accuracies = [last.get_accuracy(part) for part in ("training", "validation", "test")]
    return Outcome(
        *[float("nan") if accuracy is None else accuracy for accuracy in accuracies],
        summary.num_parameters,
        summary.seconds / summary.epochs,
        last.spikes_per_neuron,
    )


def format_accuracy(values: Sequence[float]) -> str:
    """Format mean and standard deviation, %, of accuracies from 0 to 1; how many diverged, if any did."""
    there = [100 * value for value in values if np.isfinite(value)]
    if not there:
        return "diverged"
    spread = f" ± {np.std(there, ddof=1):.1f}" if len(there) > 1 else ""
    return f"{np.mean(there):.1f}{spread} %" + (
        f", {len(values) - len(there)} diverged" if len(there) < len(values) else ""
    )
