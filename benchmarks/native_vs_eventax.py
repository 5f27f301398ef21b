"""How long does a training trial of Yin-Yang take beside Eventax, and are the gradients the same?

Networks of 5 inputs, 200 hidden and 3 output neurons, LIF and QIF, feed-forward; cross-entropy of first output spikes.
Eventax (arXiv 2603.08146) follows them with Tsitouras' method in steps of 1 ms and event location; genn_shd in the
exact scheme, with its QIF written in Eventax's phase variable. Both compute loss and gradient of the same batch with
the same weights, in turn; processor time of all threads. Eventax finds spikes of so many LIF neurons only with a coarse
tolerance, so gradients are compared in a smaller network with short steps and a fine one. It needs
`pip install eventax`; it is no dependency.
"""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.report import Report, make_parser, print_table
from genn_shd import Network, NeuronModel, Normal, Parameter, compile_network, load_dataset, recurrent_classifier

DURATION, TAU_0 = 60.0, 5.0
PRECISION, REPEATS = "float64", 5


@dataclass(frozen=True)
class Size:
    """A network and how it is followed.

    Attributes
    ----------
    num_hidden, batch_size : neurons and samples.
    dt : ms.
    tolerances : of spike times in Eventax, ms; the first with which it finds them all is taken.
    """

    num_hidden: int
    batch_size: int
    dt: float
    tolerances: tuple[float, ...]


COARSE = (1e-2, 1e-1, 1.0)
OF_GRADIENTS = Size(num_hidden=10, batch_size=4, dt=0.05, tolerances=(1e-9,))
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
    sizes = (
        [Size(6, 1, 1.0, COARSE)] if options.smoke else [OF_GRADIENTS, Size(options.hidden, options.batch, 1.0, COARSE)]
    )
    report = Report.begin("native_vs_eventax", "A training trial of Yin-Yang beside Eventax", options, 1)
    rows = [_compare(neuron, size) for size in sizes for neuron in SCALES]
    print_table(
        [
            "neuron",
            "hidden",
            "dt, ms",
            "tolerance, ms",
            "spikes/trial",
            "genn_shd, ms",
            "Eventax, ms",
            "ratio",
            "gradients apart",
        ],
        [
            [
                row["neuron"],
                row["num_hidden"],
                row["dt"],
                row["tolerance"],
                f"{row['spikes_per_trial']:.0f}",
                f"{row['ms_genn_shd']:.3f}",
                f"{row['ms_eventax']:.1f}",
                f"{row['ms_eventax'] / row['ms_genn_shd']:.0f}",
                f"{row['gradients_apart']:.1e}",
            ]
            for row in rows
        ],
    )
    report.finish({"rows": rows, "repeats": REPEATS}, 1)


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


def _compare(neuron: str, size: Size) -> dict[str, Any]:
    from benchmarks.eventax_network import FeedForwardNetwork

    batch = load_dataset("yin_yang").train.select(np.arange(size.batch_size))
    with compile_network(
        make_network(neuron, size.num_hidden),
        dt=size.dt,
        duration=DURATION,
        precision=PRECISION,
        batch_size=size.batch_size,
        num_threads=1,
    ) as model:
        result, weights = model.gradient(batch), model.parameters
        spikes = sum(float(counts.sum()) for counts in result.spike_counts.values()) / size.batch_size
        most_events = int(2.5 * spikes) + 32

        def attempt(tolerance: float) -> tuple[Callable[[], Any], Any]:
            other = FeedForwardNetwork(neuron, weights, size.dt, DURATION, TAU_0, most_events, PRECISION, tolerance)
            packed = other.pack(batch)
            return lambda: other.gradient(weights, packed), other.gradient(weights, packed)[1]

        tolerance, run_other, gradients = _find_tolerance(size, attempt)
        seconds = [(_time(lambda: model.gradient(batch)), _time(run_other)) for _ in range(REPEATS)]
    print(f"{neuron}, {size.num_hidden} neurons: compared with a tolerance of {tolerance:g} ms", flush=True)
    ours, other = 1e3 * np.median(seconds, axis=0) / size.batch_size
    return {
        "neuron": neuron,
        "precision": PRECISION,
        "num_hidden": size.num_hidden,
        "batch_size": size.batch_size,
        "dt": size.dt,
        "tolerance": tolerance,
        "spikes_per_trial": spikes,
        "ms_genn_shd": float(ours),
        "ms_eventax": float(other),
        "gradients_apart": max(
            float(np.linalg.norm(gradients[name] - result.gradients[name]) / np.linalg.norm(result.gradients[name]))
            for name in gradients
        ),
    }


def _find_tolerance(
    size: Size, attempt: Callable[[float], tuple[Callable[[], Any], Any]]
) -> tuple[float, Callable[[], Any], Any]:
    """Return the first tolerance with which Eventax finds every spike, and what the attempt with it returned."""
    for tolerance in size.tolerances:
        try:
            return tolerance, *attempt(tolerance)
        except RuntimeError as error:
            print(f"Eventax, {size.num_hidden} neurons, tolerance {tolerance:g} ms: {type(error).__name__}")
    raise SystemExit(f"Eventax does not find all spikes of {size.num_hidden} neurons with {size.tolerances}.")


def _time(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


if __name__ == "__main__":
    main()
