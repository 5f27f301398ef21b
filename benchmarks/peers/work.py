"""Descriptions of the work: a network with its initial weights, and batches of spikes, as files of NumPy arrays."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np

BATCHES = ("training", "speech")
DELAY_RATE = 100.0
"""Learning rate of delays, in ms, over that of weights."""


def count_cores() -> int:
    """Count the cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class Batch:
    """Samples of input spikes, flat.

    Attributes
    ----------
    times : (S,) ms, float32, sorted within a sample.
    units : (S,) channels.
    offsets : (B + 1,) where samples begin and end.
    labels : (B,) classes.
    """

    times: np.ndarray
    units: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def events(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return [(self.times[a:b], self.units[a:b]) for a, b in zip(self.offsets[:-1], self.offsets[1:], strict=True)]

    def select(self, count: int) -> Batch:
        """Return the first `count` samples."""
        end = self.offsets[count]
        return Batch(self.times[:end], self.units[:end], self.offsets[: count + 1], self.labels[:count])

    def count_spikes(self, num_steps: int, num_channels: int, dt: float) -> np.ndarray:
        """Count spikes in steps of `dt`; returns (steps, B, channels) float32. Later spikes are left out."""
        step = (self.times / dt).astype(np.int64)
        sample = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        kept = step < num_steps
        place = (step * len(self) + sample) * num_channels + self.units
        counts = np.bincount(place[kept], minlength=num_steps * len(self) * num_channels)
        return counts.astype(np.float32).reshape(num_steps, len(self), num_channels)


@dataclass
class Work:
    """A network, the way it is trained, and data.

    Attributes
    ----------
    name : of the work.
    kind : `classifier` (recurrent LIF, leaky outputs), `adaptive` (the same of adaptive neurons), `delays` (two hidden
        layers with trained delays), `first_spike` (spiking outputs; recurrent where there are such weights).
    sizes : neurons of each layer, inputs and outputs included.
    dt, duration, tau_mem, tau_syn : ms. `dt` is the delay of spikes of hidden neurons, too.
    adaptation : jump at a spike and time constant (ms) of the adaptation.
    longest_delay : ms.
    tau_0 : of the loss of first spikes, ms.
    loss_scale : of voltages in the softmax.
    learning_rate : of Adam.
    updates : by which a program shows that it learns; 0 where it need not.
    weights : by name of the connection, (pre, post).
    training, speech : batches; `speech` may be None.
    """

    name: str
    kind: str
    sizes: tuple[int, ...]
    dt: float
    duration: float
    tau_mem: float = 20.0
    tau_syn: float = 5.0
    adaptation: tuple[float, float] = (0.0, 100.0)
    longest_delay: float = 0.0
    tau_0: float = 5.0
    loss_scale: float = 1.0
    learning_rate: float = 1e-3
    updates: int = 0
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    training: Batch | None = None
    speech: Batch | None = None

    @property
    def num_steps(self) -> int:
        return round(self.duration / self.dt)

    @property
    def loss_weight(self) -> np.ndarray:
        """(steps,) weight of the voltage of each step in a logit, that of the loss `sum_exp`."""
        t = (np.arange(self.num_steps) + 1.0) / self.num_steps
        return (self.loss_scale * np.exp(-t) / self.num_steps).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write to an `.npz` file."""
        arrays = {f"weights/{name}": value for name, value in self.weights.items()}
        for name in BATCHES:
            if (batch := getattr(self, name)) is not None:
                arrays |= {f"{name}/{key}": value for key, value in vars(batch).items()}
        about = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in (*BATCHES, "weights")}
        np.savez(path, about=json.dumps(about), **arrays)

    @classmethod
    def load(cls, path: Path) -> Work:
        """Read what `save` has written."""
        with np.load(path) as file:
            about = json.loads(str(file["about"]))
            arrays = {name: file[name] for name in file.files if name != "about"}

        def find(prefix: str) -> dict[str, np.ndarray]:
            return {name.partition("/")[2]: value for name, value in arrays.items() if name.startswith(f"{prefix}/")}

        batches = {name: Batch(**found) if (found := find(name)) else None for name in BATCHES}
        about |= {name: tuple(about[name]) for name in ("sizes", "adaptation")}
        return cls(**about, weights=find("weights"), **batches)


@dataclass
class Measured:
    """Figures of one program on one work.

    Attributes
    ----------
    seconds_to_compile : from the description to the end of the first update, less a later update.
    ms_per_trial, best_ms_per_trial : wall-clock time of training, median and least.
    cpu_ms_per_trial : processor time, median.
    batch_size, timed : samples of an update, and updates that were timed.
    losses : of every update of learning; empty where it was not tried.
    peak_mib, training_mib : largest resident memory, and the part that was added after imports.
    gpu_mib : largest memory of the GPU, where the program tells it.
    joules_per_trial : of the processor, where the machine tells it.
    versions : of its packages.
    """

    seconds_to_compile: float
    ms_per_trial: float
    best_ms_per_trial: float
    cpu_ms_per_trial: float
    batch_size: int
    timed: int
    losses: list[float]
    peak_mib: float
    training_mib: float
    gpu_mib: float | None
    joules_per_trial: float | None
    versions: dict[str, str]

    def to_json(self) -> str:
        """Return as a line of JSON."""
        return json.dumps(asdict(self))
