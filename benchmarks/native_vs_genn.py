"""How do native, PyGeNN and mlGeNN's EventProp compiler compare on one machine, in time and memory?

Training trials of SHD's shape (see `benchmarks.speed`) with the same network and spikes. Every contender has a process
of its own, so that its peak memory is its own, and they take turns, so that what else the machine does meets them all
alike. GeNN's CPU back end has one thread and one sample at a time; mlGeNN's compiler has no batches there and so takes
a step of the optimiser after every sample. Rows of a GPU are measured where there is one, and say "not run" where not.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import Report, make_parser, print_table
from benchmarks.speed import BATCH_SIZE, DURATION, LEARNING_RATE, NUM_CLASSES, NUM_INPUT, SHD_TRIALS, make_batches
from genn_shd import BackendError, Model, Normal, SpikeTrains, compile_network, recurrent_classifier
from genn_shd.backends.genn import availability
from genn_shd.backends.genn.messages import capture_output
from genn_shd.backends.native.threads import count_available_threads

PUBLISHED = {"reference GeNN implementation": 7.8, "Spyx": 29.8}
"""Seconds an epoch of SHD, 256 hidden neurons, dt 1 ms, batches of 32, each on its authors' GPU (not measured here)."""


@dataclass
class Contender:
    """One program and network size, and its measured time and memory.

    Attributes
    ----------
    name, num_hidden : for the table.
    options : of `compile_network`; None for mlGeNN.
    target : of mlGeNN, a name of PyGeNN's.
    missing : why it cannot run here; empty where it can.
    """

    name: str
    num_hidden: int
    options: dict[str, Any] | None
    target: str = ""
    missing: str = ""
    seconds: list[float] = field(default_factory=list)
    peak: float = float("nan")
    spikes: float = float("nan")
    loss: float = float("nan")

    @property
    def ms_per_trial(self) -> float:
        return 1e3 * float(np.median(self.seconds)) / BATCH_SIZE if self.seconds else float("nan")


def list_contenders(num_hidden: int) -> list[Contender]:
    """List all programs to compare at one size."""
    cpu, gpu = _explain_missing("single_threaded_cpu"), _explain_missing("cuda")
    mlgenn = "" if _installed("ml_genn") else "mlGeNN is not installed"
    threads = count_available_threads()
    rows = [
        Contender("native, exact, 1 thread", num_hidden, {"backend": "native", "num_threads": 1}),
        Contender("native, grid, 1 thread", num_hidden, {"backend": "native", "num_threads": 1, "scheme": "grid"}),
        Contender(f"native, grid, {threads} threads", num_hidden, {"backend": "native", "scheme": "grid"}),
        Contender("PyGeNN CPU, sequential", num_hidden, {"backend": "genn_cpu"}, missing=cpu),
        Contender("PyGeNN CPU, pipelined", num_hidden, {"backend": "genn_cpu", "schedule": "pipelined"}, missing=cpu),
        Contender("mlGeNN CPU, batch 1", num_hidden, None, "single_threaded_cpu", missing=cpu or mlgenn),
        Contender("PyGeNN CUDA, pipelined", num_hidden, {"backend": "genn_cuda"}, missing=gpu),
        Contender(
            "PyGeNN CUDA, sequential", num_hidden, {"backend": "genn_cuda", "schedule": "sequential"}, missing=gpu
        ),
        Contender("mlGeNN CUDA, batch 32", num_hidden, None, "cuda", missing=gpu or mlgenn),
    ]
    return [row for row in rows if threads > 1 or not row.name.endswith(f"{threads} threads")]


def _explain_missing(target: availability.Target) -> str:
    try:
        availability.load_pygenn()
    except BackendError as error:
        return str(error)
    return availability.explain_missing(target)


def _installed(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


# -- in the process of a contender ---------------------------------------------------------------------------------


def serve(contender: Contender, num_spikes: int, pipe: Connection) -> None:
    """Compile, then train a batch at each request and answer with its time; at the end, with the peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        data = make_batches(2, num_spikes)
        train, close = _make_mlgenn(contender, data) if contender.options is None else _make_ours(contender)
        for batch in data:
            spikes, loss = train(batch)
        pipe.send(("ready", spikes, loss))
        for batch in cycle(data):
            if not pipe.recv():
                break
            started = time.perf_counter()
            train(batch)
            pipe.send(time.perf_counter() - started)
        pipe.send(_read_peak_memory())
        close()


Train = Callable[[SpikeTrains], tuple[float, float]]


def _compile(num_hidden: int, **options: Any) -> Model:
    network = recurrent_classifier(
        NUM_INPUT, num_hidden, NUM_CLASSES, loss="sum_exp", weights={"input_hidden": Normal(0.026, 0.01)}
    )
    common = {"batch_size": BATCH_SIZE, "duration": DURATION, "learning_rate": LEARNING_RATE}
    return compile_network(network, **common, **options)


def _make_ours(contender: Contender) -> tuple[Train, Callable[[], None]]:
    model = _compile(contender.num_hidden, **(contender.options or {}))

    def train(batch: SpikeTrains) -> tuple[float, float]:
        result = model.train_batch(batch)
        return float(result.spike_counts["hidden"].mean()), result.loss

    return train, model.close


def _make_mlgenn(contender: Contender, data: list[SpikeTrains]) -> tuple[Train, Callable[[], None]]:
    """Compile the same network with mlGeNN's EventProp compiler. Its data are prepared beforehand."""
    from ml_genn.compilers import EventPropCompiler
    from ml_genn.optimisers import Adam

    from genn_shd import convert_spikes_to_mlgenn, to_mlgenn

    batch_size = 1 if contender.target == "single_threaded_cpu" else BATCH_SIZE
    with _compile(contender.num_hidden, backend="native", scheme="grid", num_threads=1) as model:
        other = to_mlgenn(model, max_spikes=batch_size * 2 * data[0].num_spikes // BATCH_SIZE)
    compiler = EventPropCompiler(
        example_timesteps=int(DURATION),
        losses="sparse_categorical_crossentropy",
        optimiser=Adam(LEARNING_RATE),
        batch_size=batch_size,
        max_spikes=1024,
        backend=contender.target,
        **({"optimize_code": True} if contender.target == "single_threaded_cpu" else {}),
    )
    compiled = compiler.compile(other.network, name="there")
    with capture_output():
        compiled.__enter__()
    spikes = {id(batch): convert_spikes_to_mlgenn(batch, NUM_INPUT, 1.0) for batch in data}
    ends = other.populations["input"], other.populations["output"]

    def train(batch: SpikeTrains) -> tuple[float, float]:
        inputs, labels = {ends[0]: spikes[id(batch)]}, {ends[1]: batch.labels}
        compiled.train(inputs, labels, num_epochs=1, shuffle=False, callbacks=[])
        return float("nan"), float("nan")

    return train, lambda: compiled.__exit__(None, None, None)


def _read_peak_memory() -> float:
    """Read the largest resident size of this process so far, MiB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


# -- in the process that asks --------------------------------------------------------------------------------------


def measure(rows: list[Contender], num_spikes: int, repeats: int) -> None:
    """Measure all contenders that can run in turn."""
    context = multiprocessing.get_context("spawn")
    running: list[tuple[Contender, Connection, Any]] = []
    for row in rows:
        if row.missing:
            continue
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(row, num_spikes, theirs))
        process.start()
        theirs.close()
        _, row.spikes, row.loss = ours.recv()
        running.append((row, ours, process))
    for _ in range(repeats):
        for row, pipe, _ in running:
            pipe.send(True)
            row.seconds.append(pipe.recv())
    for row, pipe, process in running:
        pipe.send(False)
        row.peak = pipe.recv()
        process.join()


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    sizes, repeats, num_spikes = ([64], 2, 800) if options.smoke else ([256, 1024], 7, 8000)
    report = Report.begin("native_vs_genn", "Native, PyGeNN and mlGeNN on the same work", options, "see rows")
    rows = []
    for num_hidden in sizes:
        own = list_contenders(num_hidden)
        measure(own, num_spikes, repeats)
        rows += own
    print_table(
        ["", "hidden", "ms a trial", "s an epoch of SHD", "peak MiB", "spikes per neuron"],
        [_format_row(row) for row in rows],
    )
    for reason in dict.fromkeys(row.missing for row in rows if row.missing):
        print(f"  not run: {reason}")
    print("\n  published, 256 hidden, batches of 32, on their authors' GPUs, not measured here:")
    for name, seconds in PUBLISHED.items():
        print(f"    {name}: {seconds} s an epoch of SHD, {1e3 * seconds / SHD_TRIALS:.2f} ms a trial")
    report.finish({"contenders": [_to_record(row) for row in rows], "published": PUBLISHED}, "see contenders")


def _format_row(row: Contender) -> list[str]:
    if row.missing:
        return [row.name, str(row.num_hidden), "not run", "", "", ""]
    return [
        row.name,
        str(row.num_hidden),
        f"{row.ms_per_trial:.2f}",
        f"{row.ms_per_trial * SHD_TRIALS / 1e3:.1f}",
        f"{row.peak:.0f}",
        "" if np.isnan(row.spikes) else f"{row.spikes:.1f}",
    ]


def _to_record(row: Contender) -> dict[str, Any]:
    if row.missing:
        return {"name": row.name, "num_hidden": row.num_hidden, "not_run": row.missing}
    return {
        "name": row.name,
        "num_hidden": row.num_hidden,
        "ms_per_trial": row.ms_per_trial,
        "best_ms_per_trial": 1e3 * min(row.seconds) / BATCH_SIZE,
        "peak_mib": row.peak,
        "spikes_per_neuron": None if np.isnan(row.spikes) else row.spikes,
    }


if __name__ == "__main__":
    main()
