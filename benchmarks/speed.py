"""How long does a training trial of SHD's shape take, and do more cores shorten it?

700 input channels with 8000 spikes a sample, 1000 steps of 1 ms, recurrent hidden neurons at about 14 spikes each,
20 outputs, `sum_exp`, Adam, batches of 32: forward, backward and the optimiser's step. Both schemes of the native back
end: `exact`, its default, and `grid`, which is the field's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, product
from typing import Any

import numpy as np

from benchmarks.report import Report, format_verdict, make_parser, print_table
from genn_shd import Model, Normal, SpikeTrains, compile_network, recurrent_classifier
from genn_shd.backends.native.threads import count_available_threads

NUM_INPUT, NUM_CLASSES, DURATION, BATCH_SIZE = 700, 20, 1000.0, 32
SHD_TRIALS = 8156
MS_PER_TRIAL = {256: 1.5, 1024: 8.0}

# So small that the weights, and with them the spike rates, stay where they are; the arithmetic is the same.
LEARNING_RATE = 1e-7

COLUMNS = [
    "scheme",
    "hidden",
    "threads",
    "spikes/neuron",
    "ms/trial/core",
    "(best)",
    "target",
    "speed-up",
    "target",
    "s/epoch of SHD",
]


@dataclass
class Variant:
    """One scheme, network size and number of threads, and its measured times."""

    scheme: str
    num_hidden: int
    threads: int
    model: Model
    seconds: list[float] = field(default_factory=list)
    spikes: float = 0.0

    @property
    def ms_per_trial(self) -> float:
        """Median wall-clock time of a training trial, ms."""
        return 1e3 * float(np.median(self.seconds)) / BATCH_SIZE

    @property
    def ms_per_trial_and_core(self) -> float:
        return self.ms_per_trial * self.threads

    @property
    def best(self) -> float:
        return 1e3 * min(self.seconds) / BATCH_SIZE * self.threads


def make_batches(num_batches: int, num_spikes: int, seed: int = 0) -> list[SpikeTrains]:
    """Make batches of samples of SHD's size: spikes uniform over time and channels."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(num_batches):
        times = np.sort(rng.uniform(0.0, DURATION, (BATCH_SIZE, num_spikes)).astype(np.float32), axis=1)
        units = rng.integers(0, NUM_INPUT, times.shape)
        labels = rng.integers(0, NUM_CLASSES, BATCH_SIZE)
        made.append(SpikeTrains.from_events(zip(times, units, strict=True), labels=labels, num_units=NUM_INPUT))
    return made


@contextmanager
def compile_variants(schemes: Sequence[str], sizes: Sequence[int], threads: Sequence[int]) -> Iterator[list[Variant]]:
    """Compile all variants."""
    with ExitStack() as stack:
        variants = []
        for scheme, num_hidden, count in product(schemes, sizes, threads):
            network = recurrent_classifier(
                NUM_INPUT, num_hidden, NUM_CLASSES, loss="sum_exp", weights={"input_hidden": Normal(0.026, 0.01)}
            )
            model = compile_network(
                network,
                batch_size=BATCH_SIZE,
                duration=DURATION,
                learning_rate=LEARNING_RATE,
                num_threads=count,
                scheme=scheme,
            )
            variants.append(Variant(scheme, num_hidden, count, stack.enter_context(model)))
        yield variants


def measure(
    variants: list[Variant], data: list[SpikeTrains], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> None:
    """Time all variants in turn, so that other load of the machine affects all equally."""
    for variant in variants:
        for batch in data:
            variant.spikes = float(variant.model.train_batch(batch).spike_counts["hidden"].mean())
    for _, batch in zip(range(repeats), cycle(data), strict=False):
        for variant in variants:
            started = clock()
            variant.model.train_batch(batch)
            variant.seconds.append(clock() - started)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    all_threads = count_available_threads()
    threads = sorted({1, all_threads})
    sizes, repeats, num_spikes = ([64], 2, 800) if options.smoke else ([256, 1024], 41, 8000)
    label = f"1 and {all_threads}" if all_threads > 1 else "1"
    report = Report.begin("speed", "Time of a training trial of SHD's shape", options, label)
    with compile_variants(("exact", "grid"), sizes, threads) as variants:
        measure(variants, make_batches(4, num_spikes), repeats)
    rows = [_to_record(variant, variants) for variant in variants]
    print_table(
        COLUMNS,
        [_format_cells(row) for row in rows],
    )
    report.finish({"variants": rows, "repeats": repeats}, label)


def _to_record(variant: Variant, variants: list[Variant]) -> dict[str, Any]:
    one = next(v for v in variants if (v.scheme, v.num_hidden, v.threads) == (variant.scheme, variant.num_hidden, 1))
    return {
        "scheme": variant.scheme,
        "num_hidden": variant.num_hidden,
        "threads": variant.threads,
        "spikes_per_neuron": variant.spikes,
        "ms_per_trial_and_core": variant.ms_per_trial_and_core,
        "ms_per_trial_and_core_best": variant.best,
        # The median over pairs that ran one after the other.
        "speed_up": float(np.median(np.divide(one.seconds, variant.seconds))),
        "seconds_per_epoch_of_shd": variant.ms_per_trial * SHD_TRIALS / 1e3,
    }


def _format_cells(row: dict[str, Any]) -> list[str]:
    target, threads = MS_PER_TRIAL.get(row["num_hidden"]), row["threads"]
    time_verdict = format_verdict(row["ms_per_trial_and_core"], target, at_most=True) if target else ""
    # 1.8 is asked of two cores: 90 % of what there is.
    scaling_verdict = format_verdict(row["speed_up"], 0.9 * threads, at_most=False) if target and threads > 1 else ""
    return [
        row["scheme"],
        f"{row['num_hidden']}",
        f"{threads}",
        f"{row['spikes_per_neuron']:.1f}",
        f"{row['ms_per_trial_and_core']:.2f}",
        f"{row['ms_per_trial_and_core_best']:.2f}",
        time_verdict,
        f"{row['speed_up']:.2f}" if threads > 1 else "",
        scaling_verdict,
        f"{row['seconds_per_epoch_of_shd']:.1f}",
    ]


if __name__ == "__main__":
    main()
