"""Files in SHD's layout, good and bad."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from genn_shd import SpikeTrains
from genn_shd.speech import render
from tests.forked import Piped

NUM_UNITS = 700


@pytest.fixture
def forked_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of words are spoken by processes that are there at once, as fresh as those of users: none has spoken."""
    popen = SimpleNamespace(PIPE=subprocess.PIPE, Popen=lambda command, **pipes: Piped(render.main))
    monkeypatch.setattr(render, "subprocess", popen)


@pytest.fixture
def trains() -> SpikeTrains:
    """Twelve samples, four classes, three speakers; sample 5 has no spikes."""
    rng = np.random.default_rng(1)
    counts = rng.integers(20, 60, size=12)
    counts[5] = 0
    events = [(np.sort(rng.random(n) * 900), rng.integers(0, NUM_UNITS, n)) for n in counts]
    return SpikeTrains.from_events(events, labels=np.arange(12) % 4, speakers=np.arange(12) % 3, num_units=NUM_UNITS)


@pytest.fixture
def raw_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes whatever it is given, unchecked: rows of times (s) and units, and any other key by path."""

    def build(
        times: list,
        units: list,
        labels: list | None = None,
        name: str = "raw.h5",
        time_type: str = "f4",
        unit_type: str = "u2",
        **others: object,
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            for key, rows, kind in (("times", times, time_type), ("units", units, unit_type)):
                dataset = file.create_dataset(f"spikes/{key}", (len(rows),), h5py.vlen_dtype(np.dtype(kind)))
                for sample, row in enumerate(rows):
                    dataset[sample] = np.asarray(row, kind)
            file["labels"] = np.zeros(len(times), int) if labels is None else labels
            for key, value in others.items():
                file[key.replace("__", "/")] = value
        return path

    return build
