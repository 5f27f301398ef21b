"""The steps of `benchmarks.gpu_day`; each prints its rows as JSON, a line as soon as it is measured."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import chdir
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.work import count_cores
from benchmarks.speed import DURATION, LEARNING_RATE, NUM_CLASSES, NUM_INPUT, make_batches
from genn_shd import Model, Normal, SpikeTrains, compile_network, recurrent_classifier

Rows = Iterator[dict[str, Any]]
PEERS = {"snnTorch": "snntorch", "SpikingJelly": "spikingjelly", "norse": "norse"}
SECONDS_A_ROW = 6.0


class Size:
    """Sizes of the work, and the target of GeNN."""

    def __init__(self, rehearse: bool) -> None:
        self.rehearse = rehearse
        self.backend = "genn_cpu" if rehearse else "genn_cuda"
        self.num_hidden = 32 if rehearse else 256
        self.num_spikes = 400 if rehearse else 8000
        self.batches = (2, 4) if rehearse else (32, 256)
        self.duration = 100.0 if rehearse else DURATION

    def make_batch(self, count: int) -> SpikeTrains:
        """Make so many samples."""
        (batch,) = make_batches(1, self.num_spikes)
        batch = batch.select(np.arange(count) % len(batch))
        return SpikeTrains(
            batch.times * np.float32(self.duration / DURATION),
            batch.units,
            batch.offsets,
            batch.labels,
            batch.speakers,
            batch.num_units,
        )

    def compile(self, batch_size: int, **options: Any) -> Model:
        """Compile the network of SHD's shape."""
        mean = (1.3 if self.rehearse else 1.0) * 0.026 * 8000 / self.num_spikes * self.duration / DURATION
        weights = {"input_hidden": Normal(mean, 0.4 * mean)}
        network = recurrent_classifier(NUM_INPUT, self.num_hidden, NUM_CLASSES, loss="sum_exp", weights=weights)
        options = {"learning_rate": LEARNING_RATE, "duration": self.duration, **options}
        return compile_network(network, batch_size=batch_size, **options)


def describe(size: Size) -> Rows:
    """Say which GPU, cores and packages there are."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        gpu = subprocess.run(query, capture_output=True, text=True, timeout=15).stdout.strip() or "none"
    except (OSError, subprocess.TimeoutExpired):
        gpu = "none"
    found = {name: bool(find_spec(name)) for name in ("pygenn", "ml_genn", "torch", *PEERS.values())}
    yield {"gpu": gpu, "cores": count_cores(), "packages": ", ".join(name for name, there in found.items() if there)}


def compare_with_native(size: Size) -> Rows:
    """Compare spikes and gradients of GeNN's target with those of the native back end on the grid."""
    batch = size.make_batch(size.batches[0])
    with size.compile(len(batch), scheme="grid") as native:
        expected, weights = native.gradient(batch), native.parameters
    with size.compile(len(batch), backend=size.backend, schedule="sequential") as genn:
        genn.set_parameters(weights)
        found = genn.gradient(batch)
    counts = [result.spike_counts["hidden"] for result in (expected, found)]
    row = {"backend": size.backend, "spikes per neuron": float(counts[0].mean())}
    row |= {"samples and neurons whose spike count differs": int(np.sum(counts[0] != counts[1]))}
    for name, gradient in expected.gradients.items():
        error = np.linalg.norm(found.gradients[name] - gradient) / np.linalg.norm(gradient)
        row[f"gradient of {name} apart"] = float(error)
    yield row


def time_genn(size: Size) -> Rows:
    """Time training with PyGeNN, in both schedules and sizes of a batch, and with mlGeNN."""
    for count in size.batches:
        batch = size.make_batch(count)
        for schedule in ("sequential", "pipelined"):
            started = time.perf_counter()
            with size.compile(count, backend=size.backend, schedule=schedule) as model:
                about = {"program": f"PyGeNN, {schedule}", "batch": count}
                yield about | _time(lambda model=model, batch=batch: model.train_batch(batch), count, started)
    if find_spec("ml_genn"):
        yield from _time_mlgenn(size)


def _time_mlgenn(size: Size) -> Rows:
    from ml_genn.compilers import EventPropCompiler
    from ml_genn.optimisers import Adam

    from genn_shd import convert_spikes_to_mlgenn, to_mlgenn
    from genn_shd.backends.genn.messages import capture_output

    target, count = ("single_threaded_cpu", 1) if size.rehearse else ("cuda", size.batches[0])
    batch, started = size.make_batch(count), time.perf_counter()
    with size.compile(count, scheme="grid", num_threads=1) as model:
        other = to_mlgenn(model, max_spikes=2 * batch.num_spikes)
    compiler = EventPropCompiler(
        example_timesteps=round(size.duration),
        losses="sparse_categorical_crossentropy",
        optimiser=Adam(LEARNING_RATE),
        batch_size=count,
        max_spikes=1024,
        backend=target,
    )
    spikes = {other.populations["input"]: convert_spikes_to_mlgenn(batch, NUM_INPUT, 1.0)}
    labels = {other.populations["output"]: batch.labels}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):  # where mlGeNN writes its code
        compiled = compiler.compile(other.network, name="there")
        with capture_output():
            compiled.__enter__()
        run = lambda: compiled.train(spikes, labels, num_epochs=1, shuffle=False, callbacks=[])  # noqa: E731
        yield {"program": "mlGeNN", "batch": count} | _time(run, count, started)
        compiled.__exit__(None, None, None)


def time_peers(size: Size) -> Rows:
    """Time training with the PyTorch peers that are installed; nothing is installed here."""
    from benchmarks.peers.works import list_works

    device = _find_device(size)
    for name, module in PEERS.items():
        if not find_spec(module) or device is None:
            yield {"program": name, "not run": "it is not installed, or PyTorch finds no GPU"}
            continue
        started = time.perf_counter()
        (work,) = list_works(True, Path()).values() if size.rehearse else [list_works(False, Path())["shd_1000"]]
        adapter = import_module(f"benchmarks.peers.adapters.{module}").Adapter(work, device)
        assert work.training is not None
        packed = adapter.pack(work.training)
        row = _time(lambda adapter=adapter, packed=packed: adapter.train_batch(packed), len(work.training), started)
        yield {"program": name, "device": device or "cpu", "gpu MiB": adapter.read_gpu_mib(), **row}


def _find_device(size: Size) -> str | None:
    if size.rehearse:
        return ""
    if not find_spec("torch"):
        return None
    import torch

    return "cuda" if torch.cuda.is_available() else None


def train_shortly(size: Size) -> Rows:
    """Train a preset for some epochs as a user does."""
    epochs = 1 if size.rehearse else 3
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "run")
        settings = [f"simulation.backend='{size.backend}'", f"training.epochs={epochs}"]
        settings += ["network.num_hidden=16"] * size.rehearse
        command = [sys.executable, "-m", "genn_shd.train", "--preset", "yin_yang", "--out", str(out)]
        for setting in settings:
            command += ["--set", setting]
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        last = json.loads((out / "summary.json").read_text(encoding="utf-8"))["last"]
        accuracies = {key: last[key] for key in ("training_accuracy", "test_accuracy") if key in last}
        yield {"preset": "yin_yang", "epochs": epochs, "seconds": time.perf_counter() - started, **accuracies}


def time_native(size: Size) -> Rows:
    """Time training with the native back end on 1, 2, 4, ... and all cores, both schemes."""
    cores, counts = count_cores(), [1]
    while counts[-1] < cores:
        counts.append(min(2 * counts[-1], cores))
    batch = size.make_batch(size.batches[0])
    for scheme in ("exact", "grid"):
        for count in counts:
            started = time.perf_counter()
            with size.compile(len(batch), scheme=scheme, num_threads=count) as model:
                row = _time(lambda model=model: model.train_batch(batch), len(batch), started, most=3.0)
                yield {"program": f"native, {scheme}", "threads": count, **row}


def _time(run: Callable[[], object], samples: int, started: float, most: float = SECONDS_A_ROW) -> dict[str, float]:
    """Time batches after the first; `started` is when compiling began."""
    run()
    compiled, seconds = time.perf_counter(), []
    while len(seconds) < 3 or (len(seconds) < 20 and time.perf_counter() - compiled < most):
        at = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - at)
    per_trial = 1e3 / samples
    return {
        "ms a trial": per_trial * float(np.median(seconds)),
        "least": per_trial * min(seconds),
        "seconds to the first update": compiled - started,
    }


STEPS: dict[str, Callable[[Size], Rows]] = {
    "machine": describe,
    "parity": compare_with_native,
    "speed": time_genn,
    "peers": time_peers,
    "training": train_shortly,
    "native": time_native,
}


def _start() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=list(STEPS))
    parser.add_argument("--rehearse", action="store_true", help="small sizes on GeNN's CPU target")
    options = parser.parse_args()
    for row in STEPS[options.step](Size(options.rehearse)):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    _start()
