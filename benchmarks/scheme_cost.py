"""What do spike times inside the step cost, beside spikes on the grid?

The work of `speed` on one thread, both schemes of the native back end in turn: 256 and 1024 hidden neurons, whose time
constants are all the same or differ from neuron to neuron. Figures are ms of processor time a training trial: on one
thread that is the time on a core of one's own, but for the caches that other programs share.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product

import numpy as np

from benchmarks.report import Report, format_verdict, make_parser, print_table
from benchmarks.speed import BATCH_SIZE, DURATION, LEARNING_RATE, NUM_CLASSES, NUM_INPUT, Variant, make_batches, measure
from genn_shd import Gamma, Normal, compile_network, recurrent_classifier
from genn_shd.network.initialisers import Initial

SCHEMES = ("grid", "exact")
TIME_CONSTANTS: dict[str, dict[str, Initial]] = {
    "uniform": {"tau_mem": 20.0, "tau_syn": 5.0},
    "heterogeneous": {"tau_mem": Gamma(20.0, 5.0, 5.0, 60.0), "tau_syn": Gamma(5.0, 5.0, 2.0, 15.0)},
}
RATIO, MS_PER_TRIAL = 1.6, {256: 2.2}


@contextmanager
def compile_variants(sizes: list[int]) -> Iterator[dict[tuple[int, str], list[Variant]]]:
    """Compile one variant for each scheme, by (hidden neurons, kind of time constants)."""
    with ExitStack() as stack:
        pairs: dict[tuple[int, str], list[Variant]] = {}
        for num_hidden, kind, scheme in product(sizes, TIME_CONSTANTS, SCHEMES):
            network = recurrent_classifier(
                NUM_INPUT,
                num_hidden,
                NUM_CLASSES,
                loss="sum_exp",
                weights={"input_hidden": Normal(0.026, 0.01)},
                **TIME_CONSTANTS[kind],
            )
            model = compile_network(
                network,
                batch_size=BATCH_SIZE,
                duration=DURATION,
                learning_rate=LEARNING_RATE,
                num_threads=1,
                scheme=scheme,
            )
            pairs.setdefault((num_hidden, kind), []).append(Variant(scheme, num_hidden, 1, stack.enter_context(model)))
        yield pairs


def compute_ratio(grid: Variant, exact: Variant) -> float:
    """Compute the time of the exact scheme relative to the grid: the median over pairs of consecutive runs."""
    return float(np.median(np.divide(exact.seconds, grid.seconds)))


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    sizes, repeats, num_spikes = ([64], 2, 800) if options.smoke else ([256, 1024], 25, 8000)
    report = Report.begin("scheme_cost", "Cost of spike times inside the step", options, 1)
    with compile_variants(sizes) as pairs:
        measure(
            [variant for pair in pairs.values() for variant in pair],
            make_batches(4, num_spikes),
            repeats,
            time.process_time,
        )
    rows, results = [], []
    for (num_hidden, kind), (grid, exact) in pairs.items():
        factor, target = compute_ratio(grid, exact), MS_PER_TRIAL.get(num_hidden)
        rows.append(
            [
                f"{num_hidden} {kind}",
                f"{exact.spikes:.1f}",
                f"{grid.ms_per_trial:.2f}",
                f"{grid.best:.2f}",
                f"{exact.ms_per_trial:.2f}",
                f"{exact.best:.2f}",
                format_verdict(exact.ms_per_trial, target, at_most=True) if target else "",
                f"{factor:.2f}",
                format_verdict(factor, RATIO, at_most=True),
            ]
        )
        results.append(
            {
                "num_hidden": num_hidden,
                "time_constants": kind,
                "spikes_per_neuron": exact.spikes,
                "ratio": factor,
                **{f"{v.scheme}_ms_per_trial": v.ms_per_trial for v in (grid, exact)},
                **{f"{v.scheme}_ms_per_trial_best": v.best for v in (grid, exact)},
            }
        )
    columns = ["hidden", "spikes/neuron", "grid ms", "(best)", "exact ms", "(best)", "target", "ratio", "target"]
    print_table(columns, rows)
    report.finish({"pairs": results, "repeats": repeats}, 1)


if __name__ == "__main__":
    main()
