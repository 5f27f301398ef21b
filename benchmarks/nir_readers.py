"""Do other tools compute the same of an exported NIR file?

`python -m benchmarks.nir_readers [--smoke]`: networks trained on handwritten digits, on the grid, feed-forward and
recurrent, are exported as NIR files and run in snnTorch and norse on test samples (`pip install snntorch norse nir`).
Compared are the steps in which hidden neurons spike, and the class of the largest mean output voltage. These tools pass
spikes on within a step, so that hidden neurons are one step ahead of those here, and outputs two. norse 1.1 hands on
the recurrent weights' result of a sub-graph, not its spikes: behind a recurrent population its outputs mean nothing.
"""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.nir_tools import TOOLS
from benchmarks.report import Report, make_parser, print_table
from benchmarks.training import train_preset
from genn_shd import SpikeTrains, compile_network, export, read_nir
from genn_shd.eventprop.schemes.bins import assign_bins
from genn_shd.exporters.trained_network import TrainedNetwork, read_run
from genn_shd.training.data import partition

SETTINGS = ("simulation.scheme='grid'", "loss.name='sum'", "validation.kind='none'")


def main(arguments: list[str] | None = None) -> None:
    """Train, export, run, compare, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    report = Report.begin("nir_readers", "Other tools on exported NIR files", options, 1)
    epochs, samples = (1, 8) if options.smoke else (20, 200)
    missing = [tool for tool in TOOLS if find_spec(tool) is None]
    if missing:
        print(f"  without {', '.join(missing)}, which are not installed: pip install snntorch norse nir")
    rows: list[dict[str, Any]] = []
    for recurrent in (False, True):
        with TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            settings = [*SETTINGS, f"training.epochs={epochs}", f"network.recurrent={str(recurrent).lower()}"]
            batch = _train(settings, run, samples)
            rows += [_compare(run, tool, batch, recurrent) for tool in TOOLS if tool not in missing]
    columns = [
        "network",
        "tool",
        "trials with the same spikes",
        "spikes that differ",
        "same class",
        "right",
        "right here",
    ]
    print_table(columns, [_format(row) for row in rows])
    report.finish({"samples": samples, "rows": rows}, 1)


def _train(settings: list[str], run: Path, samples: int) -> SpikeTrains:
    """Train into a folder; returns some test samples."""
    from genn_shd import load_config, prepare_data

    train_preset("digits", settings, run)
    config, dataset = prepare_data(load_config("digits", settings=settings))
    test = partition(config, dataset).test
    assert test is not None
    return test.trains.select(test.indices[:samples])


def _compare(run: Path, tool: str, batch: SpikeTrains, recurrent: bool) -> dict[str, Any]:
    network, file = read_run(run), run / f"{tool}.nir"
    assert export.main([str(run), "--to", "nir", "--dialect", tool, "--out", str(file), "--overwrite"]) == 0
    hidden, output, right = _simulate(file, network, batch)
    started = time.perf_counter()
    spikes, voltages = TOOLS[tool](file, _raster(batch, network))
    seconds = time.perf_counter() - started
    ahead = np.zeros_like(spikes)
    ahead[:, 1:] = spikes[:, :-1]
    differ = np.abs(ahead - hidden).sum(axis=(1, 2))
    answers = voltages[:, :-2].sum(axis=1).argmax(axis=1)
    return {
        "network": "recurrent" if recurrent else "feed-forward",
        "tool": tool,
        "same_trials": float(np.mean(differ == 0)),
        "spikes": int(hidden.sum()),
        "spikes_that_differ": int(differ.sum()),
        "same_class": float(np.mean(answers == output)),
        "accuracy": float(np.mean(answers == batch.labels)),
        "accuracy_here": right,
        "seconds": seconds,
    }


def _raster(batch: SpikeTrains, network: TrainedNetwork) -> np.ndarray:
    """(B, T, channels) number of input spikes in each step."""
    raster = np.zeros((len(batch), network.num_steps, network.network.input.size))
    sample = np.repeat(np.arange(len(batch)), np.diff(batch.offsets))
    np.add.at(raster, (sample, assign_bins(batch.times, network.dt), batch.units), 1)
    return raster


def _simulate(file: Path, network: TrainedNetwork, batch: SpikeTrains) -> tuple[np.ndarray, np.ndarray, float]:
    """Hidden spikes here (B, T, N), classes (B,), and the accuracy, of the network that the file holds."""
    read = read_nir(file)
    duration = network.duration
    with compile_network(read.network, dt=read.dt, duration=duration, batch_size=len(batch), scheme="grid") as model:
        read.apply(model)
        recording = model.record(batch, {}, len(batch))
    hidden = recording.spikes["hidden"]
    spikes = np.zeros((len(batch), network.num_steps, network.network.find_population("hidden").size))
    sample = np.repeat(np.arange(len(batch)), np.diff(hidden.offsets))
    np.add.at(spikes, (sample, np.rint(hidden.times / network.dt).astype(int) - 1, hidden.units), 1)
    predictions = recording.result.predictions
    return spikes, predictions, float(np.mean(predictions == batch.labels))


def _format(row: dict[str, Any]) -> list[str]:
    percent = [f"{100 * row[name]:.1f} %" for name in ("same_class", "accuracy", "accuracy_here")]
    differ = f"{row['spikes_that_differ']} of {row['spikes']}"
    return [row["network"], row["tool"], f"{100 * row['same_trials']:.1f} %", differ, *percent]


if __name__ == "__main__":
    main()
