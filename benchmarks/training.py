"""Training from a preset, for benchmarks that ask what it comes to."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genn_shd import Config
from genn_shd.config.sources import load
from genn_shd.training.data import prepare
from genn_shd.training.repeats import train


def command(preset: str, settings: Iterable[str]) -> str:
    """The command that does the same."""
    words = ["python -m genn_shd.train", f"--preset {preset}", *(f"--set {setting}" for setting in settings)]
    return " ".join(words)


def train_preset(preset: str, settings: Iterable[str], folder: Path) -> tuple[Config, dict[str, Any]]:
    """Train what `command` trains, in a run folder; returns the configuration and the run's summary."""
    config, dataset = prepare(load(preset, settings=settings))
    return config, train(config, dataset, folder)


def history(folder: Path) -> list[dict[str, float | None]]:
    """A row for each epoch of a run; None where a figure does not exist."""
    with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
        return [{k: float(v) if v else None for k, v in row.items()} for row in csv.DictReader(file)]
