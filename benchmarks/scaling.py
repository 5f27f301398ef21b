"""How does the time of a training trial grow with neurons, steps, spikes and batch, and what limits it?

Trials of SHD's shape (see `benchmarks.speed`), one size changed at a time, both schemes; processor time, so that what
else the machine does hardly counts. Growth is the exponent of a fit to the larger half of the sizes. A small C program
measures how many bytes and multiply-adds a second the machine manages: the limit drawn is the time that the weights and
gradients of all arrivals take at these rates.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.peers.work import count_cores
from benchmarks.report import BLUE, FAINT, RED, SCRATCH, Report, make_parser, print_table, use_style
from benchmarks.speed import LEARNING_RATE, NUM_CLASSES, NUM_INPUT
from genn_shd import Model, Normal, SpikeTrains, compile_network, recurrent_classifier
from genn_shd.toolchain.compiler import find_compiler

HIDDEN, STEPS, SPIKES, BATCH = 256, 1000, 8000, 32
SIZES = {
    "hidden neurons": (64, 128, 256, 512, 1024, 2048, 4096),
    "steps": (250, 500, 1000, 2000, 4000),
    "input spikes": (1000, 2000, 4000, 8000, 16000),
    "batch": (2, 8, 32, 128),
}
SCHEMES = {"exact": BLUE, "grid": RED}
SMOKE = {"hidden neurons": (16, 32), "input spikes": (100, 200)}
BYTES_OF_INPUT, BYTES_OF_NEURON, MULTIPLY_ADDS = 12, 16, 3
"""Of an arrival at a synapse, forward and backward: its weight is read, its gradient read and written, and the weight
of a neuron's spike read once more; multiply-adds of the current, the gradient and the error sent back."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, draw, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    cores = count_cores()
    report = Report.begin("scaling", "How the time of a training trial grows", options, f"1 to {cores}")
    limits = {count: measure_limits(count) for count in sorted({1, cores})}
    print_table(["threads", *limits[1]], [[count, *(f"{v:.3g}" for v in limits[count].values())] for count in limits])
    rows = [
        row for name, sizes in (SMOKE if options.smoke else SIZES).items() for row in _sweep(name, sizes, limits[1])
    ]
    print_table(
        ["", "size", "scheme", "spikes a neuron", "ms a trial", "limit, ms"],
        [
            [r["varied"], r["size"], r["scheme"], f"{r['spikes']:.1f}", f"{r['ms']:.3g}", f"{r['limit_ms']:.3g}"]
            for r in rows
        ],
    )
    exponents = fit_exponents(rows)
    print_table(["", "scheme", "time grows with the power"], [[*key, f"{v:.2f}"] for key, v in exponents.items()])
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    results: dict[str, Any] = {"limits": limits, "rows": rows, "load_at_the_end": load}
    results["exponents"] = [{"varied": v, "scheme": s, "exponent": e} for (v, s), e in exponents.items()]
    report.finish(results, f"1 to {cores}", {"scaling": draw(rows, exponents)})


def measure_limits(threads: int, seconds: float = 0.4) -> dict[str, float]:
    """Measure GB/s of rows added up in arrays of some sizes (KiB), and 10^9 multiply-adds a second."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        program = Path(folder, "limits")
        source = Path(__file__).with_name("machine_limits.c")
        flags = ["-O3", "-march=native", "-ffast-math", "-pthread", f"-DSECONDS={seconds}"]
        subprocess.run([*find_compiler().command, *flags, str(source), "-o", str(program)], check=True)
        printed = subprocess.run([str(program), str(threads)], check=True, capture_output=True, text=True).stdout
    found = dict(line.split() for line in printed.splitlines())
    fma = float(found.pop("fma"))
    rates = {f"GB/s in {kib} KiB": float(rate) for kib, rate in found.items()}
    return {**rates, "G multiply-adds/s": fma}


def _sweep(varied: str, sizes: Sequence[int], limits: dict[str, float]) -> list[dict[str, Any]]:
    rows = []
    for size in sizes:
        # Few samples of large networks, which take long.
        count = max(4, BATCH * HIDDEN // max(size, HIDDEN)) if varied == "hidden neurons" else BATCH
        chosen = {"hidden neurons": HIDDEN, "steps": STEPS, "input spikes": SPIKES, "batch": count, varied: size}
        for scheme in SCHEMES:
            seconds, spikes = _time_trials(scheme, *chosen.values())
            limit = compute_limit(chosen["hidden neurons"], chosen["input spikes"], spikes, limits)
            rows.append(
                {"varied": varied, "size": size, "scheme": scheme, "spikes": spikes, "ms": seconds, "limit_ms": limit}
            )
    return rows


def compute_limit(hidden: int, inputs: int, spikes: float, limits: dict[str, float]) -> float:
    """Compute the least time of a trial, ms: bytes and multiply-adds of all arrivals at the machine's rates.

    Weights move at the rate of the smallest of the measured arrays that has room for them, as if gradients, which are
    as many, were elsewhere: no program is faster.
    """
    weights = (NUM_INPUT + hidden) * hidden + hidden * NUM_CLASSES
    of_inputs, of_neurons = inputs * hidden, spikes * hidden * (hidden + NUM_CLASSES)
    *rates, multiply_adds = limits.values()
    sizes = [float(name.split()[2]) for name in limits if "GB/s" in name]
    rate = next((r for r, kib in zip(rates, sizes, strict=True) if 4 * weights / 1024 <= kib), rates[-1])
    moved = of_inputs * BYTES_OF_INPUT + of_neurons * BYTES_OF_NEURON
    return max(moved / rate, (of_inputs + of_neurons) * MULTIPLY_ADDS / multiply_adds) * 1e-6


def make_batch(count: int, num_spikes: int, duration: float) -> SpikeTrains:
    """Make samples of spikes uniform over time and channels."""
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0.0, duration, (count, num_spikes)).astype(np.float32), axis=1)
    units = rng.integers(0, NUM_INPUT, times.shape)
    labels = np.arange(count) % NUM_CLASSES
    return SpikeTrains.from_events(zip(times, units, strict=True), labels=labels, num_units=NUM_INPUT)


def compile_classifier(
    scheme: str, hidden: int, steps: int, num_spikes: int, count: int, threads: int, profile: bool = False
) -> Model:
    """Compile a network whose drive, spikes a ms times the mean weight, is always the same."""
    mean = 0.026 * 8000 / num_spikes * steps / 1000
    weights = {"input_hidden": Normal(mean, 0.4 * mean), "hidden_hidden": Normal(0.0, 0.3 / np.sqrt(hidden))}
    network = recurrent_classifier(NUM_INPUT, hidden, NUM_CLASSES, loss="sum_exp", weights=weights)
    return compile_network(
        network,
        batch_size=count,
        duration=float(steps),
        learning_rate=LEARNING_RATE,
        num_threads=threads,
        scheme=scheme,
        profile=profile,
    )


def _time_trials(scheme: str, hidden: int, steps: int, num_spikes: int, count: int) -> tuple[float, float]:
    """Return processor time of a trial (ms, least of some batches) and spikes of a hidden neuron."""
    batch, seconds = make_batch(count, num_spikes, float(steps)), []
    with compile_classifier(scheme, hidden, steps, num_spikes, count, 1) as model:
        spikes = float(model.train_batch(batch).spike_counts["hidden"].mean())
        started = time.process_time()
        while len(seconds) < 2 or (len(seconds) < 7 and time.process_time() - started < 1.0):
            at = time.process_time()
            model.train_batch(batch)
            seconds.append(time.process_time() - at)
    return 1e3 * min(seconds) / count, spikes


def fit_exponents(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """Fit time = c size^p to the larger half of the sizes; returns p by what was varied and the scheme."""
    found = {}
    for varied, scheme in dict.fromkeys((row["varied"], row["scheme"]) for row in rows):
        own = [row for row in rows if (row["varied"], row["scheme"]) == (varied, scheme)]
        own = own[len(own) // 2 - (len(own) < 4) :]
        sizes, times = (np.log([row[name] for row in own]) for name in ("size", "ms"))
        found[varied, scheme] = float(np.polyfit(sizes, times, 1)[0])
    return found


def draw(rows: Sequence[dict[str, Any]], exponents: dict[tuple[str, str], float]) -> Figure:
    """Draw time over each size, with the limit of the machine."""
    names = list(dict.fromkeys(row["varied"] for row in rows))
    with use_style():
        figure = Figure(figsize=(3.6 * len(names), 3.8))
        for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
            for scheme, colour in SCHEMES.items():
                own = [row for row in rows if (row["varied"], row["scheme"]) == (name, scheme)]
                sizes = [row["size"] for row in own]
                label = f"{scheme}, power {exponents[name, scheme]:.2f}"
                axes.loglog(sizes, [row["ms"] for row in own], "o-", color=colour, label=label)
            axes.loglog(sizes, [row["limit_ms"] for row in own], "--", color=FAINT, label="limit of the machine")
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.set(xlabel=name, ylabel="ms a trial, one core")
            axes.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main()
