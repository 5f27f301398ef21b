"""Why does cross-entropy of every step silence hidden neurons, and why do shaped losses not?

The Gedanken experiment of Nowotny, Turner & Knight (2025), computed: one burst of hidden spikes, and where each loss
pushes each of them in time. Then networks trained on the spoken digits with each loss: hidden spikes over training,
and the same word before and after. No regularisation, so that nothing but the loss moves spikes.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmarks.report import BLUE, FAINT, GREEN, INK, RED, Report, make_parser, print_table, use_style
from genn_shd import (
    Connection,
    DataError,
    Model,
    Network,
    Normal,
    Population,
    SpikeTrains,
    compile_network,
    load_dataset,
    recurrent_classifier,
)
from genn_shd.models import EXPONENTIAL, LI
from genn_shd.models.losses import LOSSES

COLOURS = {"xentropy": RED, "sum": BLUE, "sum_exp": GREEN}
LOSS_SCALE, NUM_CLASSES, DURATION = 10.0, 10, 1000.0

# The burst: as long and as far from the end of the trial as a spoken digit is.
BURST = np.arange(100.0, 401.0, 15.0)
STRENGTH = 0.4  # weight of the burst's neuron to the label's output, or to another one
SHIFT = 0.5  # ms, to either side

NUM_HIDDEN, BATCH_SIZE, LEARNING_RATE = 128, 32, 1e-3


# --- the thought experiment ------------------------------------------------------------------------------------------


def compute_pushes(loss: str, output: int) -> np.ndarray:
    """Compute -dL/dt, by central differences, of each spike of a burst that drives one output; the class is 0."""
    network = Network(
        (Population("input", 1), Population("output", NUM_CLASSES, LI, EXPONENTIAL)),
        (Connection("input", "output", 0.0),),
        LOSSES[loss],
        {"loss_scale": LOSS_SCALE},
    )
    weights = np.zeros((1, NUM_CLASSES))
    weights[0, output] = STRENGTH
    moved = [BURST + shift * (np.arange(len(BURST)) == k) for k in range(len(BURST)) for shift in (-SHIFT, SHIFT)]
    events = [(np.sort(times), np.zeros(len(times), int)) for times in moved]
    trains = SpikeTrains.from_events(events, labels=[0] * len(events), num_units=1)
    with compile_network(network, batch_size=len(trains), duration=DURATION, precision="float64") as model:
        model.set_parameters({"input_output": weights})
        losses = model.evaluate_batch(trains).losses.reshape(-1, 2)
    return -(losses[:, 1] - losses[:, 0]) / (2 * SHIFT)


# --- networks on spoken digits ---------------------------------------------------------------------------------------


def build(loss: str, seed: int) -> Model:
    """Compile a feed-forward network, whose hidden neurons follow the input alone."""
    network = recurrent_classifier(
        num_hidden=NUM_HIDDEN,
        num_classes=NUM_CLASSES,
        recurrent=False,
        loss=loss,
        loss_scale=LOSS_SCALE,
        weights={"input_hidden": Normal(0.01, 0.03)},
    )
    return compile_network(network, batch_size=BATCH_SIZE, duration=DURATION, learning_rate=LEARNING_RATE, seed=seed)


def measure_first_gradient(loss: str, samples: SpikeTrains, seed: int) -> dict[str, float]:
    """Measure the gradient of the input weights before training: its norm, and its relative change by other labels."""
    some = samples.select(np.linspace(0, len(samples) - 1, BATCH_SIZE).astype(int))
    others = replace(some, labels=(some.labels + 1 + np.arange(len(some)) % (NUM_CLASSES - 1)) % NUM_CLASSES)
    with build(loss, seed) as model:
        right, wrong = (model.gradient(batch).gradients["input_hidden"] for batch in (some, others))
    norm = np.linalg.norm(right)
    return {"norm": float(norm), "change": float(np.linalg.norm(wrong - right) / norm)}


def train(loss: str, samples: SpikeTrains, sample: SpikeTrains, epochs: int, seed: int) -> dict[str, Any]:
    """Train a network.

    Returns training accuracy and hidden spikes of each epoch; hidden spikes of one sample before training and after
    each epoch; the part of hidden neurons whose input weights the first epoch lowered, on average over their inputs.
    """
    rng, history, rasters = np.random.default_rng(seed), [], []
    with build(loss, seed) as model:
        resident = model.upload(samples)
        rasters.append(record_hidden_spikes(model, sample))
        inputs = [model.parameters["input_hidden"].mean(axis=0)]
        for _ in range(epochs):
            right, spikes = 0, np.zeros(NUM_HIDDEN)
            for chosen in np.array_split(rng.permutation(len(samples)), np.ceil(len(samples) / BATCH_SIZE)):
                result = model.train_batch(resident.select(chosen))
                right += int((result.predictions == samples.labels[chosen]).sum())
                spikes += result.spike_counts["hidden"].sum(axis=0)
            rasters.append(record_hidden_spikes(model, sample))
            inputs.append(model.parameters["input_hidden"].mean(axis=0))
            history.append((right / len(samples), spikes.mean() / len(samples), int((spikes == 0).sum())))
    accuracy, per_neuron, silent = (list(column) for column in zip(*history, strict=True))
    lowered = float((inputs[1] < inputs[0]).mean())
    return {"accuracy": accuracy, "spikes": per_neuron, "silent": silent, "rasters": rasters, "lowered": lowered}


def record_hidden_spikes(model: Model, sample: SpikeTrains) -> tuple[np.ndarray, np.ndarray]:
    """Record times (ms) and neurons of the hidden spikes of one sample."""
    return model.record(sample, {}, 1).spikes["hidden"][0]


# --- figure ----------------------------------------------------------------------------------------------------------


def draw(pushed: dict[str, list[np.ndarray]], runs: dict[str, dict[str, Any]]) -> Figure:
    """Draw from top to bottom: the push of losses on spikes, training, one word."""
    with use_style():
        figure = Figure(figsize=(13.5, 11))
        upper, middle, lower = figure.subfigures(3, 1, height_ratios=(1, 1, 1.15))
        panels = upper.subplots(1, 2, sharey=True)
        for axes, title, which in zip(
            panels,
            ("A  A burst that drives the right output", "B  A burst that drives a wrong output"),
            (0, 1),
            strict=True,
        ):
            _draw_pushes(axes, {loss: found[which] for loss, found in pushed.items()})
            axes.set_title(title, loc="left")
        panels[0].set_ylabel("push on a spike, -dL/dt, 1/s\n(up: later, by less input to its neuron)")
        panels[0].legend(loc="upper left")
        _draw_training(middle.subplots(1, 3), runs)
        _draw_words(lower.subplots(1, 2 + len(runs), sharex=True, sharey=True), runs)
    return figure


def _draw_pushes(axes: Axes, found: dict[str, np.ndarray]) -> None:
    axes.axhline(0.0, color=INK, linewidth=0.8)
    for loss, push in found.items():
        axes.plot(BURST, 1e3 * push, "o-", color=COLOURS[loss], linewidth=1.2, markersize=4, label=loss)
    axes.set_xlabel("time of the spike, ms")


def _draw_training(panels: Any, runs: dict[str, dict[str, Any]]) -> None:
    quantities = (
        ("spikes", "C  Spikes per hidden neuron and word"),
        ("silent", f"D  Silent neurons, of {NUM_HIDDEN}"),
        ("accuracy", "E  Training accuracy"),
    )
    for axes, (key, title) in zip(panels, quantities, strict=True):
        for loss, run in runs.items():
            axes.plot(np.arange(1, len(run[key]) + 1), run[key], "o-", color=COLOURS[loss], markersize=4, label=loss)
        axes.set_title(title, loc="left")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panels[0].set_yscale("log")
    panels[1].set_ylim(bottom=-2)
    panels[2].set_ylim(0, 1)
    panels[2].axhline(1 / NUM_CLASSES, color=FAINT, linestyle=":", linewidth=1.2)
    panels[2].legend(loc="upper left")


def _draw_words(panels: Any, runs: dict[str, dict[str, Any]]) -> None:
    first = next(iter(runs.values()))
    rasters = {"F  One word, before": (first["rasters"][0], INK)}
    rasters |= {"xentropy, 1 epoch": (runs["xentropy"]["rasters"][1], COLOURS["xentropy"])}
    rasters |= {
        f"{loss}, {len(run['spikes'])} epochs": (run["rasters"][-1], COLOURS[loss]) for loss, run in runs.items()
    }
    for axes, (title, ((times, neurons), colour)) in zip(panels, rasters.items(), strict=True):
        axes.plot(times, neurons, ".", color=colour, markersize=1.6)
        axes.set_title(f"{title}:\n{len(times)} spikes", loc="left")
        axes.set_xlabel("time, ms")
        axes.grid(visible=False)
    panels[0].set(ylabel="hidden neuron", xlim=(0, 800), ylim=(-1, NUM_HIDDEN), xticks=(0, 200, 400, 600))


def main(arguments: list[str] | None = None) -> int:
    """Compute, train, print, draw, and keep the figures."""
    options_of_all = make_parser(__doc__)
    options_of_all.add_argument("--epochs", type=int, default=15, help="of each training (default 15)")
    options = options_of_all.parse_args(arguments)
    try:
        data = load_dataset("fsdd")
    except DataError as error:
        print(f"  {error}", file=sys.stderr)
        return 2
    epochs = 1 if options.smoke else options.epochs
    samples = data.train.crop(DURATION)
    samples = samples.select(np.arange(0, len(samples), 20)) if options.smoke else samples
    sample = samples.select([int(np.flatnonzero(samples.labels == 7)[0])])
    report = Report.begin("gedanken", "Where losses push hidden spikes, and what becomes of them", options, "all")
    pushed = {loss: [compute_pushes(loss, output) for output in (0, 1)] for loss in COLOURS}
    _print_pushes(pushed)
    gradients = {loss: measure_first_gradient(loss, samples, seed=1) for loss in COLOURS}
    _print_gradients(gradients)
    runs = {loss: train(loss, samples, sample, epochs, seed=1) for loss in COLOURS}
    _print_runs(runs)
    results = {
        "pushes": {loss: [p.tolist() for p in found] for loss, found in pushed.items()},
        "gradients": gradients,
        "trained": {loss: {k: v for k, v in run.items() if k != "rasters"} for loss, run in runs.items()},
    }
    report.finish(
        {"burst": BURST.tolist(), "loss_scale": LOSS_SCALE, **results},
        "all",
        {"gedanken": draw(pushed, runs)},
    )
    return 0


def _print_pushes(pushed: dict[str, list[np.ndarray]]) -> None:
    rows = [
        [loss, output, *(f"{1e3 * push[k]:+.4f}" for k in (0, len(BURST) // 2, -1))]
        for loss, found in pushed.items()
        for output, push in zip(("right", "a wrong one"), found, strict=True)
    ]
    print_table(["loss", "the burst drives", "first spike", "middle", "last"], rows)
    print("  -dL/dt in 1/s: where gradient descent moves a spike; above 0 later, below 0 earlier.\n")


def _print_gradients(gradients: dict[str, dict[str, float]]) -> None:
    print_table(
        ["loss", "gradient of the input weights", "changes with other labels by"],
        [[loss, f"{g['norm']:.2g}", f"{100 * g['change']:.2g} %"] for loss, g in gradients.items()],
    )
    print(f"  {BATCH_SIZE} words, before training.\n")


def _print_runs(runs: dict[str, dict[str, Any]]) -> None:
    print_table(
        [
            "loss",
            "input lowered in epoch 1",
            "spikes per neuron, epoch 1",
            "last",
            "silent neurons",
            "training accuracy",
            "the word: before",
            "1 epoch",
            "last",
        ],
        [
            [
                loss,
                f"{100 * run['lowered']:.0f} % of neurons",
                f"{run['spikes'][0]:.2f}",
                f"{run['spikes'][-1]:.4g}",
                f"{run['silent'][-1]} of {NUM_HIDDEN}",
                f"{100 * run['accuracy'][-1]:.1f} %",
                *(len(run["rasters"][k][0]) for k in (0, 1, -1)),
            ]
            for loss, run in runs.items()
        ],
    )


if __name__ == "__main__":
    raise SystemExit(main())
