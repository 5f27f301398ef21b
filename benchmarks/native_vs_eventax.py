"""How long does a training trial of Yin-Yang take beside Eventax, and are the gradients the same?

Networks of 5 inputs, 200 hidden and 3 output neurons, LIF and QIF, feed-forward; cross-entropy of first output spikes.
Eventax (arXiv 2603.08146) follows them with Tsitouras' method in steps of 1 ms and event location; genn_shd in the
exact scheme, with its QIF written in Eventax's phase variable. Both compute loss and gradient of the same batch with
the same weights, in turn; processor time of all threads. It needs `pip install eventax`; it is no dependency.
"""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.report import Report, make_parser, print_table
from genn_shd import Network, NeuronModel, Normal, Parameter, compile_network, load_dataset
from genn_shd.models import recurrent_classifier

DT, DURATION, TAU_0 = 1.0, 60.0, 5.0
PRECISION, TOLERANCE = "float64", 1e-9  # of spike times in Eventax, ms
# Of input weights; a phase neuron's current counts by 1 / pi^2.
SCALES = {"lif": 1.0, "qif": 10.0}
_TURN = f"({math.pi!r} * phi)"
PHASE = NeuronModel(
    name="QIF in its phase",
    parameters={"tau_mem": Parameter(20.0, "ms", minimum=0.0)},
    state={"phi": 0.5},
    dynamics={
        "phi": f"(cos({_TURN}) * (cos({_TURN}) + sin({_TURN}) / {math.pi!r})"
        f" + sin({_TURN})**2 * I / {math.pi**2!r}) / tau_mem"
    },
    threshold="phi - 1",
    reset={"phi": "0"},
)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    parser = make_parser(__doc__)
    parser.add_argument("--hidden", type=int, default=200, help="hidden neurons (default 200)")
    parser.add_argument("--batch", type=int, default=32, help="samples of a batch (default 32)")
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("eventax") is None:
        print("skipped: eventax is not installed; pip install eventax")
        return
    num_hidden, batch_size, repeats = (6, 1, 1) if options.smoke else (options.hidden, options.batch, 5)
    report = Report.begin("native_vs_eventax", "A training trial of Yin-Yang beside Eventax", options, 1)
    rows = [_compare(neuron, num_hidden, batch_size, repeats) for neuron in SCALES]
    print_table(
        ["neuron", "spikes/trial", "genn_shd, ms", "Eventax, ms", "ratio", "gradients apart"],
        [
            [
                row["neuron"],
                f"{row['spikes_per_trial']:.0f}",
                f"{row['ms_genn_shd']:.3f}",
                f"{row['ms_eventax']:.1f}",
                f"{row['ms_eventax'] / row['ms_genn_shd']:.0f}",
                f"{row['gradients_apart']:.1e}",
            ]
            for row in rows
        ],
    )
    report.finish({"rows": rows, "repeats": repeats}, 1)


def make_network(neuron: str, num_hidden: int) -> Network:
    """Describe the network of genn_shd."""
    scale = SCALES[neuron]
    output_weight = 12.0 / num_hidden * scale
    network = recurrent_classifier(
        5,
        num_hidden,
        3,
        recurrent=False,
        loss="first_spike",
        loss_values={"alpha": 0.0, "tau_0": TAU_0},
        weights={
            "input_hidden": Normal(2.0 * scale, scale),
            "hidden_output": Normal(output_weight, output_weight),
        },
    )
    if neuron == "lif":
        return network
    inputs, *others = network.populations
    return replace(network, populations=(inputs, *(replace(p, neuron=PHASE, values={"tau_syn": 5.0}) for p in others)))


def _compare(neuron: str, num_hidden: int, batch_size: int, repeats: int) -> dict[str, Any]:
    from benchmarks.eventax_network import FeedForwardNetwork

    batch = load_dataset("yin_yang").train.select(np.arange(batch_size))
    with compile_network(
        make_network(neuron, num_hidden),
        dt=DT,
        duration=DURATION,
        precision=PRECISION,
        batch_size=batch_size,
        num_threads=1,
    ) as model:
        result, weights = model.gradient(batch), model.parameters
        spikes = sum(float(counts.sum()) for counts in result.spike_counts.values()) / batch_size
        most_events = int(2.5 * spikes) + 32
        theirs = FeedForwardNetwork(neuron, weights, DT, DURATION, TAU_0, most_events, PRECISION, TOLERANCE)
        packed = theirs.pack(batch)
        _, gradients = theirs.gradient(weights, packed)
        seconds = [
            (_time(lambda: model.gradient(batch)), _time(lambda: theirs.gradient(weights, packed)))
            for _ in range(repeats)
        ]
    ours, other = 1e3 * np.median(seconds, axis=0) / batch_size
    return {
        "neuron": neuron,
        "precision": PRECISION,
        "num_hidden": num_hidden,
        "batch_size": batch_size,
        "spikes_per_trial": spikes,
        "ms_genn_shd": float(ours),
        "ms_eventax": float(other),
        "gradients_apart": max(
            float(np.linalg.norm(gradients[name] - result.gradients[name]) / np.linalg.norm(result.gradients[name]))
            for name in gradients
        ),
    }


def _time(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


if __name__ == "__main__":
    main()
