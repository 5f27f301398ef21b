"""How long does a training trial of SHD's shape take with other neurons than LIF?

700 input channels with 8000 spikes a sample, 1000 steps of 1 ms, 256 recurrent hidden neurons, 20 outputs, `sum_exp`,
Adam, batches of 32, exact scheme, one thread. Input weights are scaled until neurons spike 14 times a trial. Processor
time, neurons in turn, so that other load of the machine hardly counts.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import numpy as np

from benchmarks.report import Report, format_verdict, make_parser, print_table
from benchmarks.speed import BATCH_SIZE, DURATION, LEARNING_RATE, NUM_CLASSES, NUM_INPUT, Variant, make_batches, measure
from genn_shd import Model, Normal, SpikeTrains, compile_network, recurrent_classifier

NEURONS = ("lif", "adlif", "qif", "izhikevich")
SPIKES = 14.0
MOST_TIMES_LIF = {"adlif": 1.5}


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    num_hidden, num_spikes, repeats = (32, 800, 2) if options.smoke else (256, 8000, 7)
    report = Report.begin("neuron_speed", "Time of a training trial of SHD's shape, by neuron", options, 1)
    data = make_batches(2, num_spikes)
    with ExitStack() as stack:
        variants = [
            Variant("exact", num_hidden, 1, stack.enter_context(_compile(neuron, num_hidden))) for neuron in NEURONS
        ]
        for variant in variants:
            _scale_weights(variant.model, data[0])
        measure(variants, data, repeats, time.process_time)
    lif = np.array(variants[0].seconds)
    rows = [
        {
            "neuron": neuron,
            "spikes_per_neuron": variant.spikes,
            "ms_per_trial": variant.ms_per_trial,
            "best": variant.best,
            "times_lif": float(np.median(np.array(variant.seconds) / lif)),
        }
        for neuron, variant in zip(NEURONS, variants, strict=True)
    ]
    print_table(
        ["neuron", "spikes/neuron", "ms/trial", "(best)", "times LIF", "target"], [_format_cells(row) for row in rows]
    )
    report.finish({"neurons": rows, "repeats": repeats}, 1)


def _compile(neuron: str, num_hidden: int) -> Model:
    network = recurrent_classifier(
        NUM_INPUT,
        num_hidden,
        NUM_CLASSES,
        loss="sum_exp",
        neuron=neuron,
        weights={"input_hidden": Normal(0.026, 0.01)},
    )
    return compile_network(
        network, batch_size=BATCH_SIZE, duration=DURATION, learning_rate=LEARNING_RATE, num_threads=1
    )


def _scale_weights(model: Model, batch: SpikeTrains) -> None:
    """Halve the interval of a factor of input weights until neurons spike about SPIKES times."""
    start, low, high = model.parameters["input_hidden"], 0.1, 10.0
    for _ in range(12):
        factor = float(np.sqrt(low * high))
        model.set_parameters({"input_hidden": factor * start})
        spikes = float(model.evaluate_batch(batch).spike_counts["hidden"].mean())
        if abs(spikes - SPIKES) < 0.05 * SPIKES:
            return
        low, high = (factor, high) if spikes < SPIKES else (low, factor)


def _format_cells(row: dict[str, Any]) -> list[str]:
    target = MOST_TIMES_LIF.get(row["neuron"])
    return [
        row["neuron"],
        f"{row['spikes_per_neuron']:.1f}",
        f"{row['ms_per_trial']:.2f}",
        f"{row['best']:.2f}",
        f"{row['times_lif']:.2f}",
        format_verdict(row["times_lif"], target, at_most=True) if target else "",
    ]


if __name__ == "__main__":
    main()
