"""A network of rectified linear units turned into spiking neurons: how long must it run to be as good, at what price?

Spoken digits of five people (Free Spoken Digit Dataset), on the official split and with one speaker left out.
scikit-learn's network with one hidden layer learns square roots of spike counts, in 20 time bins and 35 groups of
channels. Converted by data-based threshold balancing, it runs as integrate-and-fire neurons on regular spikes, for
longer and longer trials.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.report import BLUE, ORANGE, Report, make_parser, print_table, use_style
from genn_shd import ConvertedNetwork, DataError, compile_network, convert_relu, load_config, prepare_data
from genn_shd.training.baseline import CHANNEL_GROUPS, TIME_BINS, compute_features
from genn_shd.training.data import partition
from genn_shd.training.samples import Samples

UNITS, BATCH_SIZE = 128, 50
PROTOCOLS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "official split": ("fsdd", (), "test"),
    "a voice never heard": (
        "fsdd_best",
        ("validation.kind=speaker", "validation.speakers=['lucas']"),
        "validation",
    ),
}
DURATIONS = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0)


def main(arguments: list[str] | None = None) -> None:
    """Train, convert, simulate, print and draw."""
    options = make_parser(__doc__).parse_args(arguments)
    report = Report.begin("conversion", (__doc__ or "").partition("\n")[0], options, 1)
    try:
        results = {name: _measure(*protocol, options.smoke) for name, protocol in PROTOCOLS.items()}
    except DataError as error:
        print(f"skipped: {error}")
        return
    print_table(
        [
            "tested on",
            "trial, ms",
            "accuracy",
            "input spikes",
            "hidden spikes",
            "synaptic operations",
            "ms of processor a word",
        ],
        [row for name, result in results.items() for row in _list_cells(name, result)],
    )
    report.finish({"units": UNITS, "results": results}, 1, {"conversion": _draw(results)})


def _measure(preset: str, settings: tuple[str, ...], part: str, smoke: bool) -> dict[str, Any]:
    """Train on the training samples, and test both networks on a part of the others."""
    samples = partition(*prepare_data(load_config(preset, settings=settings)))
    train, others = (_compute(samples.parts[name], smoke) for name in ("train", part))
    network, seconds = _train(*train, smoke)
    converted = convert_relu(list(zip(network.coefs_, network.intercepts_, strict=True)), train[0])
    durations = DURATIONS[:2] if smoke else DURATIONS
    return {
        "accuracy": float(network.score(*others)),
        "samples": len(others[1]),
        "seconds": seconds,
        "rows": [_simulate(converted, *others, duration) for duration in durations],
    }


def _list_cells(name: str, result: dict[str, Any]) -> list[list[str]]:
    """List rows of the table; the first is of the units themselves."""
    operations = UNITS * (TIME_BINS * CHANNEL_GROUPS + 10)
    first = [name, "units", f"{100 * result['accuracy']:.1f} %", "", "", f"{operations:,} products", ""]
    rows = [
        [
            "",
            f"{row['duration']:.0f}",
            f"{100 * row['accuracy']:.1f} %",
            f"{row['input_spikes']:,.0f}",
            f"{row['hidden_spikes']:,.0f}",
            f"{row['operations']:,.0f}",
            f"{row['ms']:.2f}",
        ]
        for row in result["rows"]
    ]
    return [first, *rows]


def _compute(part: Samples, smoke: bool) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels."""
    features, labels = compute_features(part, 1000.0), part.labels
    return (features[::20], labels[::20]) if smoke else (features, labels)


def _train(features: np.ndarray, labels: np.ndarray, smoke: bool) -> tuple[Any, float]:
    """Train scikit-learn's network; returns it and the seconds of processor."""
    from sklearn.neural_network import MLPClassifier

    started = time.process_time()
    network = MLPClassifier((UNITS,), alpha=1.0, max_iter=5 if smoke else 25, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged after so many passes, which is as good here
        network.fit(features, labels)
    return network, time.process_time() - started


def _simulate(converted: ConvertedNetwork, features: np.ndarray, labels: np.ndarray, duration: float) -> dict[str, Any]:
    """Accuracy and costs of trials of a length."""
    spikes = converted.encode(features, duration, labels)
    right, hidden = 0, 0.0
    with compile_network(converted.network, duration=duration, batch_size=BATCH_SIZE, num_threads=1) as model:
        model.set_parameters(converted.parameters)
        started = time.process_time()
        for start in range(0, len(spikes), BATCH_SIZE):
            batch = spikes.select(np.arange(start, min(start + BATCH_SIZE, len(spikes))))
            result = model.evaluate_batch(batch)
            right += int((result.logits.argmax(axis=1) == batch.labels).sum())
            hidden += float(result.spike_counts["hidden"].sum())
    count, seconds = len(spikes), time.process_time() - started
    units, outputs = converted.network.find_population("hidden").size, converted.network.output.size
    return {
        "duration": duration,
        "accuracy": right / count,
        "input_spikes": spikes.num_spikes / count,
        "hidden_spikes": hidden / count,
        "operations": (spikes.num_spikes * units + hidden * outputs) / count,
        "ms": 1e3 * seconds / count,
    }


def _draw(results: dict[str, Any]) -> Figure:
    """Accuracy against the length of the trial."""
    use_style()
    figure = Figure(figsize=(6.4, 4.0))
    axes = figure.add_subplot()
    for (name, result), colour in zip(results.items(), (BLUE, ORANGE), strict=True):
        rows = result["rows"]
        axes.axhline(100 * result["accuracy"], color=colour, linestyle=":")
        axes.plot([row["duration"] for row in rows], [100 * row["accuracy"] for row in rows], "o-", color=colour)
        axes.text(rows[-1]["duration"], 100 * result["accuracy"] + 5, name, color=colour, ha="right")
    axes.plot([], [], ":", color="black", label="rectified linear units")
    axes.plot([], [], "o-", color="black", label="integrate-and-fire neurons")
    axes.set(xscale="log", xlabel="simulated time, ms", ylabel="accuracy, %", ylim=(0, 100))
    axes.set_xticks(DURATIONS, [f"{duration:.0f}" for duration in DURATIONS])
    axes.minorticks_off()
    axes.legend(loc="lower right")
    return figure


if __name__ == "__main__":
    main()
