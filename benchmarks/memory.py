"""How much memory does training take, and does that of the backward pass grow with spikes or with time steps?

First the peak of `python -m genn_shd.train` on a file of SHD's size (8156 samples of 8000 spikes, made up). Then what a
sample of a batch takes, in a fresh process for each point: the same spikes, all in the first 500 ms, in trials of
500 to 4000 steps; and more and more spikes in trials of 1000 steps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report import BLUE, FAINT, GREEN, INK, RED, Report, format_verdict, make_parser, print_table, use_style
from benchmarks.speed import BATCH_SIZE, NUM_CLASSES, NUM_INPUT, SHD_TRIALS
from genn_shd import Normal, SpikeTrains, compile_network, recurrent_classifier, write_spike_file
from genn_shd.backends.native.threads import count_available_threads

GIGABYTE = 1e9
PEAK_TARGET = 1.5
NUM_HIDDEN, SPIKES_PER_SAMPLE = 256, 8000
SPIKES_UNTIL = 500.0  # ms
MORE_SAMPLES = 256

STEPS = (500, 1000, 2000, 3000, 4000)
SPIKES = (3000, 4000, 5000, 6000, 8000, 10000)
SPIKES_AT_ALL_STEPS = 5000  # make about 14 spikes of each hidden neuron, as 8000 do in 1000 ms
CASES = [("exact", "sum_exp"), ("grid", "sum_exp"), ("exact", "xentropy")]
NOTES = {"xentropy": " (keeps the error of every step)"}
LOOKS = {"exact sum_exp": (BLUE, "o"), "grid sum_exp": (RED, "s"), "exact xentropy": (GREEN, "^")}


def make_samples(num_samples: int, num_spikes: int, until: float, seed: int = 0) -> SpikeTrains:
    """Make samples with spikes uniform over channels and over the time from 0 to `until`, ms."""
    rng = np.random.default_rng(seed)
    times = np.empty((num_samples, num_spikes), np.float32)
    units = np.empty((num_samples, num_spikes), np.uint16)
    for row in range(num_samples):  # one by one, so that making them needs little more than they take
        times[row] = np.sort(rng.uniform(0.0, until, num_spikes))
        units[row] = rng.integers(0, NUM_INPUT, num_spikes)
    labels = np.arange(num_samples) % NUM_CLASSES
    offsets = np.arange(num_samples + 1) * num_spikes
    return SpikeTrains(times.ravel(), units.ravel(), offsets, labels, np.full(num_samples, -1), NUM_INPUT)


# --- a whole training --------------------------------------------------------------------------------------------


def measure_training_peak(num_samples: int) -> dict[str, Any]:
    """Measure peak memory and time of one epoch of `python -m genn_shd.train`, reading its data from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shd_sized.h5")
        _run_in_process("write", str(path), str(num_samples))
        settings = {
            "dataset.path": str(path),
            "dataset.num_classes": NUM_CLASSES,
            "network.num_hidden": NUM_HIDDEN,
            "network.weights": {"input_hidden": {"mean": 0.026, "std": 0.01}},
            "simulation.duration": 1000.0,
            "training.epochs": 1,
            "training.batch_size": BATCH_SIZE,
        }
        config = Path(folder, "run.toml")
        config.write_text(
            "\n".join(f"{name} = {_format_toml(value)}" for name, value in _add_name(settings).items()) + "\n"
        )
        out = Path(folder, "run")
        command = [sys.executable, "-m", "genn_shd.train", "--config", str(config), "--out", str(out)]
        peak = _run_for_peak_bytes(command)
        seconds = json.loads((out / "summary.json").read_text())["seconds"]
        held = num_samples * SPIKES_PER_SAMPLE * 6
    return {"samples": num_samples, "peak_bytes": peak, "data_bytes": held, "seconds_training": seconds}


def _add_name(settings: dict[str, Any]) -> dict[str, Any]:
    return {"dataset.name": "hdf5", **settings}


def _format_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_format_toml(item)}" for name, item in value.items()) + " }"
    return json.dumps(value)


def _run_for_peak_bytes(command: list[str]) -> int:
    """Run a command; returns the largest resident set of its process, as the operating system counts it."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed; run it to see why.")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


# --- what a sample takes --------------------------------------------------------------------------------------


def measure_sample_bytes(scheme: str, loss: str, num_steps: int, num_spikes: int) -> dict[str, float]:
    """Measure in a fresh process the memory that each sample of a training batch adds."""
    return json.loads(_run_in_process("sample", scheme, loss, str(num_steps), str(num_spikes)))


def _measure_sample(scheme: str, loss: str, num_steps: int, num_spikes: int) -> dict[str, float]:
    """Measure the growth of the resident set from a small batch, which touches all shared memory, to a large one."""
    network = recurrent_classifier(
        NUM_INPUT, NUM_HIDDEN, NUM_CLASSES, loss=loss, weights={"input_hidden": Normal(0.026, 0.01)}
    )
    batch = make_samples(BATCH_SIZE + MORE_SAMPLES, num_spikes, min(SPIKES_UNTIL, num_steps))
    with compile_network(
        network, batch_size=len(batch), duration=float(num_steps), num_threads=1, scheme=scheme
    ) as model:
        model.gradient(batch.select(np.arange(BATCH_SIZE)))
        before = _read_resident_bytes()
        counts = model.gradient(batch).spike_counts["hidden"]
        grown = _read_resident_bytes() - before
    return {"bytes": grown / MORE_SAMPLES, "hidden_spikes": float(counts.sum(axis=1).mean())}


def _read_resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _run_in_process(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.memory", "--part", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _run_part(arguments: list[str]) -> None:
    """Do the work that `_run_in_process` asks of a process."""
    if arguments[0] == "write":
        path, num_samples = arguments[1:]
        write_spike_file(path, make_samples(int(num_samples), SPIKES_PER_SAMPLE, 1000.0), time_type=np.float32)
    else:
        scheme, loss, num_steps, num_spikes = arguments[1:]
        print(json.dumps(_measure_sample(scheme, loss, int(num_steps), int(num_spikes))))


# --- results -----------------------------------------------------------------------------------------------------


def compute_unrolled_bytes(num_steps: Any) -> Any:
    """Compute what backpropagation through time keeps of a sample: V and I of all hidden neurons and steps, float32."""
    return num_steps * NUM_HIDDEN * 2 * 4


def draw(by_steps: list[dict[str, Any]], by_spikes: list[dict[str, Any]]) -> Figure:
    """Draw the memory of a sample over steps, and over spikes."""
    with use_style():
        figure = Figure(figsize=(11, 4.6))
        left, right = figure.subplots(1, 2)
        _draw_cases(left, by_steps, "steps")
        steps = np.array(sorted({row["steps"] for row in by_steps}))
        left.plot(steps, compute_unrolled_bytes(steps) / 1e3, "--", color=FAINT, linewidth=1.8)
        kept = "V and I of all neurons at all steps,\nas backpropagation through time (computed)"
        _draw_label(left, kept, steps[-1], compute_unrolled_bytes(steps[-1]) / 1e3, FAINT)
        left.set_title("The same spikes in longer trials", loc="left")
        left.set(yscale="log", ylim=(20, 3e4), xlabel="steps of 1 ms in the trial", ylabel="memory of a sample, kB")
        _draw_cases(right, by_spikes, "hidden_spikes")
        right.set_title("More spikes in trials of 1000 steps", loc="left")
        right.set(ylabel="memory of a sample, kB", xlabel="hidden spikes in the sample")
        right.set(xlim=(0, None), ylim=(0, 1.15 * right.get_ylim()[1]))
        figure.suptitle(
            f"Backward pass: memory grows with spikes, not with steps ({NUM_HIDDEN} recurrent neurons, measured)",
            color=INK,
            x=0.01,
            ha="left",
        )
    return figure


def _draw_cases(axes: Axes, rows: list[dict[str, Any]], x: str) -> None:
    for case, (colour, marker) in LOOKS.items():
        chosen = [row for row in rows if row["case"] == case]
        if chosen:
            across, up = [row[x] for row in chosen], [row["bytes"] / 1e3 for row in chosen]
            axes.plot(across, up, color=colour, marker=marker, linewidth=1.8)
            _draw_label(axes, case + NOTES.get(case.split()[-1], ""), across[-1], up[-1], colour)


def _draw_label(axes: Axes, text: str, x: float, y: float, colour: str) -> None:
    """Write beside the last point of a line, instead of a legend."""
    axes.annotate(text, (x, y), (0, 7), textcoords="offset points", color=colour, ha="right", va="bottom", fontsize=10)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, draw, and keep the figures."""
    options_of_all = make_parser(__doc__)
    options_of_all.add_argument("--part", nargs="+", help="for this script's own use: one measurement, in this process")
    options = options_of_all.parse_args(arguments)
    if options.part:
        _run_part(options.part)
        return
    if not Path("/proc/self/statm").exists():
        print("skipped: the memory of a process is read from /proc, which this system does not have")
        return
    report = Report.begin("memory", "Memory of training", options, count_available_threads())
    num_samples = 160 if options.smoke else SHD_TRIALS
    steps, spikes, cases = ((500, 4000), (4000, 6000), CASES[:1]) if options.smoke else (STEPS, SPIKES, CASES)
    peak = measure_training_peak(num_samples)
    target = (
        "" if options.smoke else f", target {format_verdict(peak['peak_bytes'] / GIGABYTE, PEAK_TARGET, at_most=True)}"
    )
    print(
        f"  python -m genn_shd.train on {num_samples} samples of {SPIKES_PER_SAMPLE} spikes, {NUM_HIDDEN} hidden: "
        f"peak {peak['peak_bytes'] / GIGABYTE:.2f} GB{target}\n"
        f"  (of it {peak['data_bytes'] / GIGABYTE:.2f} GB are the spikes; "
        f"the epoch took {peak['seconds_training']:.1f} s)\n"
    )
    by_steps = [_make_row(*case, n, SPIKES_AT_ALL_STEPS) for case in cases for n in steps]
    by_spikes = [_make_row(*case, 1000, n) for case in cases for n in spikes]
    print_table(
        ["memory of a sample", "steps", "input spikes", "hidden spikes", "kB", "kB if every V and I were kept"],
        [
            [
                row["case"],
                row["steps"],
                row["input_spikes"],
                f"{row['hidden_spikes']:.0f}",
                f"{row['bytes'] / 1e3:.0f}",
                f"{compute_unrolled_bytes(row['steps']) / 1e3:.0f}",
            ]
            for row in [*by_steps, *by_spikes]
        ],
    )
    results = {"training": peak, "by_steps": by_steps, "by_spikes": by_spikes}
    report.finish(results, count_available_threads(), {"memory": draw(by_steps, by_spikes)})


def _make_row(scheme: str, loss: str, num_steps: int, num_spikes: int) -> dict[str, Any]:
    measured = measure_sample_bytes(scheme, loss, num_steps, num_spikes)
    return {"case": f"{scheme} {loss}", "steps": num_steps, "input_spikes": num_spikes, **measured}


if __name__ == "__main__":
    main()
