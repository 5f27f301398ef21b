"""Training from a preset, for benchmarks that need its result."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genn_shd import Config, load_config, prepare_data, run_training


def format_command(preset: str, settings: Iterable[str]) -> str:
    """Format the command that does the same as `train_preset`."""
    words = ["python -m genn_shd.train", f"--preset {preset}", *(f"--set {setting}" for setting in settings)]
    return " ".join(words)


def train_preset(preset: str, settings: Iterable[str], folder: Path) -> tuple[Config, dict[str, Any]]:
    """Train a preset with settings in a run folder; returns the configuration and the content of `summary.json`."""
    config, dataset = prepare_data(load_config(preset, settings=settings))
    return config, run_training(config, dataset, folder).to_json()


def read_history(folder: Path) -> list[dict[str, float | None]]:
    """Read the history of a run: one row for each epoch, None where a value does not exist."""
    with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
        return [{k: float(v) if v else None for k, v in row.items()} for row in csv.DictReader(file)]
