"""Measure one program in its own environment: `python -m benchmarks.peers.worker ADAPTER WORK.npz OUT ...`.

It writes the gradient of the speech batch to `OUT.npz`, times updates too small to move the weights, learns from the
initial weights on, and writes `OUT.json` (see `Measured`).
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.work import Batch, Measured, Work

MOST_TIMED = 20  # updates
LEARNING_SAMPLES = 8  # of an update while learning
POWER = Path("/sys/class/powercap")


def main() -> None:
    """Measure, and write both files."""
    options = _parse()
    if options.cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    module = import_module(f"benchmarks.peers.adapters.{options.adapter}")
    work, before = Work.load(options.work), _read_memory("VmRSS")
    measured = _measure(module, work, options, before)
    options.out.with_suffix(".json").write_text(measured.to_json(), encoding="utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("adapter", help="a module of benchmarks.peers.adapters")
    parser.add_argument("work", type=Path, help="file of the work")
    parser.add_argument("out", type=Path, help="files to write, without suffix")
    parser.add_argument("--variant", default="", help="of the adapter")
    parser.add_argument("--cores", type=int, default=0, help="cores to run on (default: all)")
    parser.add_argument("--batch", type=int, default=32, help="samples of an update")
    parser.add_argument("--seconds", type=float, default=10.0, help="to time updates for")
    parser.add_argument("--updates", type=int, default=50, help="to learn; 0: not at all")
    parser.add_argument("--learning-seconds", type=float, default=60.0, help="to learn for, at most")
    parser.add_argument("--packages", nargs="*", default=[], help="packages whose versions are kept")
    return parser.parse_args()


def _measure(module: Any, work: Work, options: argparse.Namespace, before: float) -> Measured:
    assert work.training is not None
    batch = work.training.select(min(options.batch, len(work.training)))
    # Updates this small leave the spikes where they are.
    started = time.perf_counter()
    adapter = module.Adapter(replace(work, learning_rate=1e-9), options.variant)
    first = time.perf_counter() - started
    if work.speech is not None and hasattr(adapter, "gradient"):  # before any update
        np.savez(options.out.with_suffix(".npz"), **adapter.gradient(adapter.pack(work.speech)))
    started = time.perf_counter()
    packed = adapter.pack(batch)
    adapter.train_batch(packed)
    first += time.perf_counter() - started
    joules = _read_joules()
    wall, cpu = _time(lambda: adapter.train_batch(packed), MOST_TIMED, options.seconds)
    spent, per_trial = _read_joules(), 1e3 / len(batch)
    peak = _read_memory("VmHWM")
    gpu = adapter.read_gpu_mib() if hasattr(adapter, "read_gpu_mib") else None
    if hasattr(adapter, "close"):
        adapter.close()
    return Measured(
        seconds_to_compile=max(0.0, first - float(np.median(wall))),
        ms_per_trial=per_trial * float(np.median(wall)),
        best_ms_per_trial=per_trial * min(wall),
        cpu_ms_per_trial=per_trial * float(np.median(cpu)),
        batch_size=len(batch),
        timed=len(wall),
        losses=_learn(module, work, options, batch.select(min(LEARNING_SAMPLES, len(batch)))),
        peak_mib=peak,
        training_mib=peak - before,
        gpu_mib=gpu,
        joules_per_trial=None if joules is None or spent is None else (spent - joules) / len(batch) / len(wall),
        versions={name: metadata.version(name) for name in options.packages},
    )


def _time(run: Callable[[], object], most: int, seconds: float) -> tuple[list[float], list[float]]:
    """Run until one limit is reached, once at least; returns wall-clock and processor times, s."""
    wall, cpu, started = [], [], time.perf_counter()
    while not wall or (len(wall) < most and time.perf_counter() - started < seconds):
        at, processor = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - at)
        cpu.append(time.process_time() - processor)
    return wall, cpu


def _learn(module: Any, work: Work, options: argparse.Namespace, batch: Batch) -> list[float]:
    """Train on the batch; returns the loss at every update."""
    losses: list[float] = []
    if options.updates:
        adapter = module.Adapter(work, options.variant)
        packed = adapter.pack(batch)
        _time(lambda: losses.append(float(adapter.train_batch(packed))), options.updates, options.learning_seconds)
    return losses


def _read_memory(name: str) -> float:
    """Read a figure of this process, MiB; 0 where the system does not tell it."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), 0.0)


def _read_joules() -> float | None:
    """Read the energy counters of all processor packages, J; None where there are none that may be read."""
    counters = [path / "energy_uj" for path in POWER.glob("intel-rapl:?")] if POWER.exists() else []
    try:
        return 1e-6 * sum(int(counter.read_text()) for counter in counters) if counters else None
    except OSError:
        return None


if __name__ == "__main__":
    main()
