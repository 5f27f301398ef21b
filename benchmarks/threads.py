"""How much faster are threads for all cores than one, and what becomes of the rest?

Samples of SHD's shape (see `benchmarks.scaling`), in wall-clock time and in turn: one thread, one for each core, and as
many models of one thread at once. What the models lose, the machine takes; what threads lose beyond that is the
program's. Then the batch of all threads piece by piece: what Python does before and after, until the last thread has
begun, the work of a thread, and its waiting for others. And the batch of one thread for comparison.

Other programs on the machine distort all of it. `chrt -f 1 python -m benchmarks.threads`, as root, keeps them away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.peers.work import count_cores
from benchmarks.report import Report, make_parser, print_table
from benchmarks.scaling import BATCH, HIDDEN, SCHEMES, SPIKES, STEPS, compile_classifier, make_batch
from genn_shd import SpikeTrains

PIECES = {
    "before": "Python before",
    "begin": "until all have begun",
    "forward": "forward",
    "backward": "backward",
    "update": "update",
    "waiting": "waiting",
    "after": "Python after",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options, cores = make_parser(__doc__).parse_args(arguments), count_cores()
    report = Report.begin("threads", "Threads for all cores, beside one", options, f"1 and {cores}")
    hiddens = () if cores == 1 else (16,) if options.smoke else (HIDDEN, 4 * HIDDEN)
    rows = [compare(scheme, hidden, cores, options.smoke) for hidden in hiddens for scheme in SCHEMES]
    print_table(
        ["scheme", "hidden", "one, ms", "threads: times one", "models at once", "processor time over one thread's"],
        [
            [
                r["scheme"],
                r["hidden"],
                *(f"{r[name]:.2f}" for name in ("one_ms", "threads", "models", "processor_time")),
            ]
            for r in rows
        ],
    )
    print("  a batch, ms; work and waiting are those of the mean thread\n")
    print_table(
        ["scheme", "hidden", "threads", "batch", *PIECES.values()],
        [
            [r["scheme"], r["hidden"], count, *(f"{pieces[name]:.2f}" for name in ("batch", *PIECES))]
            for r in rows
            for count, pieces in r["pieces"].items()
        ],
    )
    report.finish({"rows": rows}, f"1 and {cores}", {})


def compare(scheme: str, hidden: int, cores: int, smoke: bool) -> dict[str, Any]:
    """Compare one thread, one for each core, and as many models of one thread each, in turn.

    These models share nothing but the machine: while their C runs, Python's lock is free.
    """
    num_spikes, repeats = (200, 2) if smoke else (SPIKES, 5 if hidden > HIDDEN else 25)
    batch = make_batch(BATCH, num_spikes, STEPS)
    models = [compile_classifier(scheme, hidden, STEPS, num_spikes, BATCH, 1) for _ in range(cores)]
    together = compile_classifier(scheme, hidden, STEPS, num_spikes, BATCH, cores)
    with ThreadPoolExecutor(cores) as pool:
        ways: dict[str, Callable[[], object]] = {
            "one": lambda: models[0].train_batch(batch),
            "threads": lambda: together.train_batch(batch),
            "models": lambda: list(pool.map(lambda model: model.train_batch(batch), models)),
        }
        found = _time_ways(ways, repeats)
    for model in (*models, together):
        model.close()
    return {
        "scheme": scheme,
        "hidden": hidden,
        "one_ms": 1e3 * found["one"][0],
        "threads": found["one"][0] / found["threads"][0],
        "models": cores * found["one"][0] / found["models"][0],
        "processor_time": found["threads"][1] / found["one"][1],
        "pieces": {count: take_apart(scheme, hidden, num_spikes, count, batch, repeats) for count in (1, cores)},
    }


def _time_ways(ways: dict[str, Callable[[], object]], repeats: int) -> dict[str, tuple[float, float]]:
    """Return the median wall-clock and processor time of each way, s; all in turn."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for run in ways.values():
        run()
    for _ in range(repeats):
        for name, run in ways.items():
            at, processor = time.perf_counter(), time.process_time()
            run()
            found[name].append((time.perf_counter() - at, time.process_time() - processor))
    return {name: tuple(np.median(values, axis=0).tolist()) for name, values in found.items()}


def take_apart(
    scheme: str, hidden: int, num_spikes: int, threads: int, batch: SpikeTrains, repeats: int
) -> dict[str, float]:
    """Return the median times of the pieces of a batch, and of the whole batch, ms."""
    with compile_classifier(scheme, hidden, STEPS, num_spikes, BATCH, threads, profile=True) as model:
        model.train_batch(batch)
        found = [_trace(model, threads, batch) for _ in range(repeats)]
    return {name: float(np.median([pieces[name] for pieces in found])) for name in found[0]}


def _trace(model: Any, threads: int, batch: SpikeTrains) -> dict[str, float]:
    """Take the times of one batch apart, ms; `model` counts its kinds of work."""
    team, spent, caller = model._threads, model.timings, threading.get_ident()
    run, calls = team.run, {}

    def call(work: Callable[[], None]) -> None:
        at = time.perf_counter()
        work()
        calls[threading.get_ident()] = (at, time.perf_counter())

    team.run = lambda work: run(lambda: call(work))
    started = time.perf_counter()
    model.train_batch(batch)
    ended = time.perf_counter()
    del team.run
    while len(calls) < threads:  # the helpers, which end a little later
        time.sleep(1e-3)
    begun, done = [at for at, _ in calls.values()], calls[caller][1]
    kinds = {name: (seconds - spent[name]) / threads for name, seconds in model.timings.items()}
    pieces = {
        "batch": ended - started,
        "before": min(begun) - started,
        "begin": max(begun) - min(begun),
        "forward": kinds["forward"],
        "backward": kinds["backward"] + kinds["synapse"],
        "update": kinds["reduction"] + kinds["optimiser"],
        "waiting": done - float(np.mean(begun)) - sum(kinds.values()),
        "after": ended - done,
    }
    return {name: 1e3 * seconds for name, seconds in pieces.items()}


if __name__ == "__main__":
    main()
